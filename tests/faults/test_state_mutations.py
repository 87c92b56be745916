"""State files cut, flipped, emptied, gone or folders: every start succeeds, and losses are true."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from contract.ids import ReportId
from edge.config.live import LAST_GOOD, begin
from edge.config.load import Loaded, load
from edge.daemon.gateway import Gateway
from edge.deliver.outbox_records import Repairs
from edge.errors import ConfigError
from imaging.detections import Detections, Image, no_detections
from service.clock import SystemClock
from service.events import Event
from tests.fakes import recorded_events
from tests.faults.conftest import scaled
from tests.faults.state_folders import Left, left, mutate
from tests.servers import Broker
from tests.system.sites import edge, settings
from tests.unit.edge.deliver.bundles import CAMERA
from tests.unit.edge.deliver.site import Site

MUTANTS = scaled("STATE_MUTANTS", 1000)
PROCESSES = scaled("STATE_PROCESSES", 8)
PARTS = 4


class Blind:
    """A network that finds nothing, so that a start costs none; the rest of the start is real."""

    sha256 = "a" * 64
    input_size = (64, 64)

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:  # noqa: ARG002, as it is asked
        return no_detections()


def loaded_for(folder: Path, file: Path) -> Loaded:
    file.write_text(yaml.safe_dump({"deliver": {"outbox": {"path": str(folder)}}}))
    return load(file, {})


def start(loaded: Loaded) -> tuple[frozenset[ReportId], frozenset[ReportId], Repairs]:
    """What waits after a start, what the start says is lost, and what it mended."""
    with recorded_events() as lines:
        gateway = Gateway(loaded, SystemClock(), lambda _: None, lambda _: (Blind(),))
    rows = gateway.outbox._rows.in_delivery()
    lost = [line for line in lines if line.event is Event.OUTBOX_EVICTED]
    counted = sum(funnel.lost for funnel in gateway.counters.snapshot().values())
    assert gateway.outbox.depth().trouble is None
    assert counted == len(lost)
    _use(gateway)
    gateway.outbox.close()
    gateway.static.close()
    waiting = frozenset(row.report_id for row in rows)
    return (
        waiting,
        frozenset(str_of(line.fields["report_id"]) for line in lost),
        gateway.outbox.repairs,
    )


def str_of(value: object) -> ReportId:
    return ReportId(str(value))


def _use(gateway: Gateway) -> None:
    """What the threads do with it first; no damage may show only then."""
    outbox = gateway.outbox
    now = gateway.clock.mono()
    while (entry := outbox.deliveries.next_due(now)) is not None:
        outbox.pictures(entry)
    for destination in ("site", "cloud"):
        outbox.notifications.next(destination)
    outbox.overdue(0.0, 100)
    outbox.sweep()
    outbox.repair()
    gateway.static.load(CAMERA)
    json.loads(gateway.status_messages.stats().payload)
    tuple(gateway.publications.on_connect())


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Left:
    root = tmp_path_factory.mktemp("golden")
    site = Site(root / "outbox")
    return left(site, loaded_for(site.folder, root / "edge.yaml"), root / "left")


@pytest.mark.parametrize("part", range(PARTS))
def test_a_start_succeeds_on_every_mutant_and_says_what_is_lost(
    golden: Left, tmp_path: Path, part: int
) -> None:
    seen: Counter[str] = Counter()
    for number in range(part, MUTANTS, PARTS):
        rng = random.Random(number)
        folder = tmp_path / "outbox"
        shutil.copytree(golden.folder, folder)
        what = [mutate(folder, rng) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        loaded = loaded_for(folder, tmp_path / "edge.yaml")
        waiting, lost, repairs = start(loaded)
        missing = golden.waiting - waiting - lost
        assert waiting | lost <= golden.waiting, f"mutant {number}: {what}"
        assert missing <= _without_a_trace(what), f"mutant {number}: {what}"
        assert not missing or repairs.orphans, f"mutant {number}: {what}"
        assert not waiting & lost, f"mutant {number}: {what}"
        if number % 3 == 0:  # a start is no loop: the next one has nothing to mend
            again, more, repairs = start(loaded)
            assert (again, more, repairs) == (waiting, frozenset(), Repairs()), f"{number}: {what}"
        _last_good_is_whole_or_refused(tmp_path, folder)
        seen.update(one.split()[-1] for one in what)
        seen["lost"] += len(lost)
        shutil.rmtree(folder)
    assert len(seen) >= 5
    assert seen["lost"] < MUTANTS / PARTS / 20


def _without_a_trace(what: list[str]) -> frozenset[ReportId]:
    """Reports whose copy was taken away altogether: if the database is damaged as well, only
    pictures of nobody are left to tell of them."""
    names = (Path(one.removesuffix(" gone")) for one in what if one.endswith(".json gone"))
    return frozenset(ReportId(path.stem) for path in names)


def _last_good_is_whole_or_refused(tmp_path: Path, folder: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(f"deliver: {{outbox: {{path: {folder}}}}}\nunknown: 1")
    try:
        restored = begin(broken, {})
    except ConfigError as error:
        assert LAST_GOOD in str(error) or not (folder / LAST_GOOD).is_file()  # noqa: PT017, either
    else:
        assert restored.refused


@pytest.mark.parametrize("number", range(PROCESSES))
def test_the_daemon_itself_starts_on_a_mutant_and_is_well(
    golden: Left, mosquitto: Broker, tmp_path: Path, number: int
) -> None:
    rng = random.Random(number)
    shutil.copytree(golden.folder, tmp_path / "outbox")
    what = [mutate(tmp_path / "outbox", rng) for _ in range(rng.choice([1, 2, 3]))]
    with edge(tmp_path, settings(mosquitto, f"mutant{number}", tmp_path, late_s=3600)) as daemon:
        waiting = daemon.health()["outbox"]
        in_delivery = sum(waiting.get(state, 0) for state in ("pending", "stored", "reported"))
        lost = len(daemon.events("outbox_evicted"))
        orphans = sum(event["orphans"] for event in daemon.events("outbox_repaired"))
        assert in_delivery + lost == len(golden.waiting) or orphans, what
