"""Where the full model is undecided it asks the gateway for more, over a real broker.

The limit that confirms is set so that what the pictures show lies under it, or, with one picture
more, over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from contract.ids import GatewayId
from contract.report import EvidenceRef, ThreatReport
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.load import load
from edge.config.schema import EvidenceConfig
from edge.daemon.delivery import Delivery, DeliveryCallbacks, UplinkSetup
from edge.daemon.identity import Identity
from edge.daemon.open_outbox import open_outbox_of
from edge.deliver.context import DeliveryContext
from edge.deliver.evidence import ReportOrigin, extended, pack
from edge.deliver.outbox import Outbox
from edge.metrics.counters import Counters
from edge.privacy import Privacy
from edge.records import BestFrame
from imaging.polygons import Box
from service.clock import SystemClock
from tests.integration.cloud_workers import STREET
from tests.integration.warm_worker import WarmWorker
from tests.links import fail
from tests.servers import Broker
from tests.system.sites import PATIENCE_S, WALKERS, Ear, clip, edge, play, settings
from tests.unit.edge.deliver.candidates import candidate, decoded_frame, encoded

WALKER: Box = (627.0, 251.0, 667.0, 352.0)
NEVER = {"confirm_at": 1.0}
"""No picture confirms, and all that show a person leave it open."""
BY_TWO_OF_THREE = {"confirm_at": 0.5}
"""The walker reaches 0.65 and more where she is seen, so half of it in two frames of which one
shows her, and all of it with a third that does."""

pytestmark = pytest.mark.slow


def to_and_fro(pictures: list[bytes]) -> Iterator[bytes]:
    """People going up and down, longer than the most patient wants to see."""
    return islice(cycle([*pictures, *pictures[-2:0:-1]]), 1000)


def crops(report: ThreatReport) -> list[EvidenceRef]:
    return [ref for ref in report.evidence if ref.role == "crop"]


def frames_weighed(verdict: Verdict) -> int:
    """How many frames' scores the first reason lists: `person 0.6 ... (0.65, 0.60)`."""
    listed = re.search(r"\(([\d., ]+)\)", verdict.reasons[0])
    return len(listed[1].split(", ")) if listed else 0


def answer_in(reports: list[ThreatReport]) -> ThreatReport | None:
    """The first report that came again with a picture more than before."""
    first: dict[str, ThreatReport] = {}
    for report in reports:
        before = first.setdefault(report.report_id, report)
        if len(crops(report)) > len(crops(before)):
            return report
    return None


def test_the_gateway_answers_with_a_newer_picture_and_the_worker_decides(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(
        mosquitto, root, tmp_path, evidence={"requests": 1}, resend_s=120, deadline_s=300
    )
    store = f"dir:{tmp_path / 'store'}"
    with (
        cloud.serving(tmp_path / "cloud", mosquitto, store, root, NEVER),
        edge(tmp_path, config) as daemon,
    ):
        topic, walkers = f"{root}-cameras/yard/image", clip(WALKERS, begin_s=7, seconds=3)
        play(
            listening,
            topic,
            to_and_fro(walkers),
            settled=partial(daemon.settled, "yard"),  # none may supersede another
            until=lambda: answer_in(listening.reports()) is not None,
        )
        answer = answer_in(listening.reports())
        assert answer is not None
        asked, again = [r for r in listening.reports() if r.report_id == answer.report_id]
        (request,) = [q for q in listening.evidence_requests() if q.report_id == answer.report_id]
        assert (asked.requests_left, request.requests_left, again.requests_left) == (1, 1, 0)
        assert again.evidence[:-1] == asked.evidence
        newest = max(ref.received_at for ref in asked.evidence)
        assert again.evidence[-1].received_at > newest
        unchanged = {"evidence": asked.evidence, "requests_left": 1, "age_s": asked.age_s}
        assert again.model_copy(update=unchanged) == asked

        raised = {report.report_id for report in listening.reports()}
        assert listening.wait(lambda: {v.report_id for v in listening.verdicts()} >= raised)
        (verdict,) = [v for v in listening.verdicts() if v.report_id == answer.report_id]
        assert verdict.decision == "refuted"
        assert frames_weighed(verdict) == len({ref.received_at for ref in crops(again)})
        assert listening.wait(lambda: set(daemon.health()["outbox"]) == {"done"})


class Gateway:
    """A real gateway's delivering side, with a candidate whose camera nobody looks at any more."""

    def __init__(self, delivery: Delivery, outbox: Outbox, origin: ReportOrigin) -> None:
        self.delivery, self._outbox, self._origin = delivery, outbox, origin

    def suspect(self) -> None:
        """Two frames of a street; in the second the walker is hidden."""
        street = np.asarray(cv2.imread(str(STREET)), np.uint8)
        hidden = street.copy()
        hidden[240:365, 615:680] = street[240:365, 550:615]
        best, other = decoded_frame(encoded(street)), decoded_frame(encoded(hidden), 0.5)
        about = candidate(best, box=WALKER)
        seen = replace(about, others=(BestFrame(other, WALKER, 0.5),), followed=True)
        self._outbox.put(pack(seen, self._origin))
        self.delivery.wake()

    def answer(self) -> None:
        """A third frame, in which the walker is seen again."""
        (request,) = self.delivery.evidence_requests.open()
        entry = self._outbox.find(request.report_id)
        assert entry is not None
        best_frame = BestFrame(decoded_frame(STREET.read_bytes(), 1.0), WALKER, 0.8)
        assert self._outbox.extend(extended(entry.report, best_frame, self._origin))
        self.delivery.evidence_requests.close(request)
        self.delivery.wake()


@contextmanager
def gateway(listening: Ear, folder: Path) -> Iterator[Gateway]:
    """It repeats a report that is not decided every 2 s."""
    file = folder / "edge.yaml"
    file.write_text(
        yaml.safe_dump(
            settings(listening.broker, listening.root, folder, resend_s=2, deadline_s=300)
        )
    )
    loaded, clock, counters = load(file, {}), SystemClock(), Counters()
    outbox = open_outbox_of(loaded.config, clock, counters, lambda: True)
    delivery = Delivery(
        lambda: loaded.config,
        DeliveryContext(outbox=outbox, clock=clock, settings=lambda: loaded.config.deliver),
        UplinkSetup(
            topics=Topics(gateway=GatewayId("gw"), root=listening.root),
            identity=Identity("test", kept=True),
        ),
        counters,
        listening.link,
        DeliveryCallbacks(
            answered=lambda _: None,
            marked=lambda _: None,
            on_failure=fail,
            synchronised=lambda: True,
        ),
    )
    origin = ReportOrigin(
        gateway=GatewayId("gw"),
        model_sha256="a" * 64,
        config_version=loaded.version,
        config_sha256=loaded.sha256,
        evidence=EvidenceConfig(requests=2),
        privacy=Privacy(),
    )
    delivery.uplink.start()
    for worker in delivery.workers:
        worker.start()
    try:
        assert delivery.uplink.wait_ready(PATIENCE_S)
        yield Gateway(delivery, outbox, origin)
    finally:
        for worker in delivery.workers:
            worker.ask_to_stop()
        delivery.wake()
        ended = all(worker.join(PATIENCE_S) for worker in delivery.workers)
        delivery.uplink.stop(5.0)
        outbox.close()
    assert ended


def test_a_question_that_nobody_answers_ends_in_a_decision_on_what_there_is(
    mosquitto: Broker, cloud: WarmWorker, listening: Ear, tmp_path: Path
) -> None:
    store = f"dir:{tmp_path / 'store'}"
    with (
        cloud.serving(tmp_path / "c", mosquitto, store, listening.root, BY_TWO_OF_THREE),
        gateway(listening, tmp_path) as site,
    ):
        site.suspect()
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        assert [request.requests_left for request in listening.evidence_requests()] == [2]
        first, *repeated = listening.reports()
        assert first.requests_left == 2
        assert repeated
        assert {again.requests_left for again in repeated} == {0}
        assert all(again.evidence == first.evidence for again in repeated)
        assert listening.verdicts()[0].decision == "refuted"
        assert frames_weighed(listening.verdicts()[0]) == 2


def test_an_answer_that_no_worker_gets_is_sent_again_and_decides(
    mosquitto: Broker, cloud: WarmWorker, listening: Ear, tmp_path: Path
) -> None:
    store = f"dir:{tmp_path / 'store'}"
    with gateway(listening, tmp_path) as site:
        with cloud.serving(
            tmp_path / "c", mosquitto, store, listening.root, BY_TWO_OF_THREE
        ) as one:
            site.suspect()
            assert listening.wait(lambda: len(listening.evidence_requests()) > 0)
            one.process.kill()
            one.process.wait()
        site.answer()
        assert listening.wait(lambda: answer_in(listening.reports()) is not None)
        assert listening.verdicts() == []
        with cloud.serving(tmp_path / "d", mosquitto, store, listening.root, BY_TWO_OF_THREE):
            assert listening.wait(lambda: len(listening.verdicts()) > 0)
    answer = answer_in(listening.reports())
    assert answer is not None
    assert answer.requests_left == 1
    last = listening.reports()[-1]
    assert (last.requests_left, last.evidence) == (0, answer.evidence)
    assert listening.verdicts()[0].decision == "confirmed"
    assert frames_weighed(listening.verdicts()[0]) == 3
