"""State folders as a gateway leaves them, and what may befall their files."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from contract.ids import ReportId
from edge.config.live import keep
from edge.config.load import Loaded
from edge.daemon.switches import Switches
from edge.static_objects.store import LOOK_S, StaticStore
from tests.unit.edge.daemon.test_switches import ARMED, TOPICS
from tests.unit.edge.deliver.bundles import CAMERA, bundle, name, verdict
from tests.unit.edge.deliver.site import Site, told
from tests.unit.edge.static_objects.static_rims import parked

WAITING = 8


@dataclass(frozen=True, slots=True)
class Left:
    """A folder as a killed gateway left it, and the reports that still wait in it."""

    folder: Path
    waiting: frozenset[ReportId]


def left(site: Site, loaded: Loaded, into: Path) -> Left:
    """Eight reports wait in different states, two are done; copied with the log of the database, as
    a kill leaves it."""
    outbox = site.open()
    outbox.next_epoch()
    static = StaticStore(site.folder, site.clock)
    site.clock.advance(LOOK_S)
    static.sync(CAMERA, parked())
    switches = Switches(site.folder, TOPICS, lambda _: True)
    switches.on_message(ARMED, b"OFF", retained=False)
    switches.turn()
    keep(loaded)
    for number in range(WAITING + 2):
        outbox.put(bundle(number, severity=number % 4, shared=f"scene {number // 3}"))
    outbox.deliveries.mark_stored(name(1))
    outbox.deliveries.mark_stored(name(2))
    outbox.deliveries.mark_reported(name(2), site.mono() + 30)
    outbox.close_with(verdict(3, "unconfirmed"), ["site", "cloud"])
    for number in (WAITING, WAITING + 1):
        outbox.close_with(verdict(number, "confirmed"), ["site"])
    told(outbox, "site")
    outbox.sweep()
    shutil.copytree(site.folder, into)
    outbox.close()
    static.close()
    return Left(into, frozenset(name(number) for number in range(WAITING)))


def mutate(folder: Path, rng: random.Random) -> str:
    """One thing befalls one file of the state; what, in words."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    weights = [8 if path.name.startswith(("outbox", "static")) else 1 for path in files]
    (victim,) = rng.choices(files, weights)
    body = bytearray(victim.read_bytes())
    what = rng.choice(["cut", "emptied", "flipped", "flipped", "zeroed", "noise", "gone", "folder"])
    match what:
        case "cut":
            body = body[: rng.randrange(len(body) + 1)]
        case "emptied":
            body = bytearray()
        case "flipped" if body:
            for _ in range(rng.choice([1, 1, 1, 8, 64])):
                body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        case "zeroed" | "noise" if body:
            size = rng.choice([16, 512, 4096, 65_536])
            at = rng.randrange(0, len(body), 16)
            filling = bytes(size) if what == "zeroed" else rng.randbytes(size)
            body[at : at + size] = filling[: len(body[at : at + size])]
        case "gone" | "folder":
            victim.unlink()
            if what == "folder":
                (victim / "lost+found").mkdir(parents=True)
            return f"{victim.relative_to(folder)} {what}"
        case _:
            body = bytearray(rng.randbytes(100))
    victim.write_bytes(body)
    return f"{victim.relative_to(folder)} {what}"
