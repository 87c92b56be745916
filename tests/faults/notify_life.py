"""Lives of the notification queue on a disk that fails or dies at every call, one after the other.

Run under the shim (`LD_PRELOAD`): `python -m tests.faults.notify_life SHIM FOLDER MODE STEP`. For
each point a child is forked, takes verdicts from a model of a broker, which keeps what was not
acknowledged, and delivers to a receiver, whose book outlives it. Then a second life, on a sound
disk, goes on to the end. Prints one JSON line per point.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cloud.notify.alarm_book import AlarmBook
from cloud.notify.choice import NotifiedSite
from cloud.notify.delivery import (
    Acknowledged,
    BuiltDestination,
    DeliveryAttempt,
    DeliveryOutcome,
)
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.destination_worker import DestinationWorker
from cloud.notify.pictures import PictureReader
from cloud.notify.planning import NotifyPolicy, plan
from cloud.notify.queue import NotificationQueue, QueueError
from cloud.notify.settings import NotifyRule
from contract.verdict import Verdict
from service.events import configure
from tests.fakes import ManualClock
from tests.faults.shim_life import MODES
from tests.unit.cloud.notify.notices import a_verdict
from tests.unit.cloud.reports import a_report

MOST = 3000
SITE = NotifiedSite(id="farm", place="The farm", time_zone="UTC")
SETTINGS = DestinationSettings(backoff_max_s=1)
BOTH = {"one": SETTINGS, "two": SETTINGS}
POLICY = NotifyPolicy(rules=(NotifyRule(to=("one", "two")),), destinations=BOTH)
REPORTS = [a_report(track=track) for track in (1, 2, 3)]
MESSAGES: list[tuple[str, Verdict]] = [
    ("a", a_verdict("unconfirmed", REPORTS[0])),
    ("b", a_verdict("confirmed", REPORTS[1])),
    ("c", a_verdict("confirmed", REPORTS[0])),
    ("d", a_verdict("unconfirmed", REPORTS[2])),
    ("e", a_verdict("refuted", REPORTS[2])),
]
Say = Callable[[str], None]


class Bookkeeper:
    """A destination that enters in its book what came, then acknowledges it."""

    with_picture = False

    def __init__(self, name: str, say: Say) -> None:
        self._name, self._say = name, say

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        self._say(f"told {self._name} {attempt.notice.key} {attempt.number}")
        return Acknowledged()

    def idle(self) -> None:
        """Nothing to supervise."""


def live(folder: Path, acknowledged: set[str], say: Say, heal: Callable[[], None]) -> None:
    """Takes every message that was not acknowledged and tells of it; `heal` ends the faults."""
    clock = ManualClock()
    queue = opened(folder, clock, heal)
    book, pictures = AlarmBook(queue), PictureReader(None)
    workers = [
        DestinationWorker(
            name,
            BuiltDestination(destination=Bookkeeper(name, say), settings=SETTINGS, counted=True),
            queue,
            pictures,
            clock,
            random.Random(1),
        )
        for name in ("one", "two")
    ]

    def deliver() -> None:
        for _ in range(60):
            for worker in workers:
                worker.step()
            clock.advance(0.2)

    held: list[tuple[str, Verdict]] = []
    for letter, verdict in MESSAGES:
        if letter not in acknowledged:
            held.append((letter, verdict))
        held = [one for one in held if not taken(book, *one, say)]
        deliver()
    heal()
    for one in held:
        assert taken(book, *one, say)
        deliver()
    clock.advance(200)
    deliver()
    queue.close()


def opened(folder: Path, clock: ManualClock, heal: Callable[[], None]) -> NotificationQueue:
    """The queue; a process that cannot open it ends, and its successor finds a sound disk."""
    try:
        return NotificationQueue(folder / "q.sqlite", BOTH, clock)
    except QueueError:
        heal()
        return NotificationQueue(folder / "q.sqlite", BOTH, clock)


def taken(book: AlarmBook, letter: str, verdict: Verdict, say: Say) -> bool:
    """As the intake does: acknowledged once it is durable."""
    try:
        history = book.history(verdict.report_id)
        made = plan(verdict, None, history, SITE, verdict.report_id, POLICY, verdict.decided_at)
        if made.turn not in ("same", "late"):
            book.record(made)
    except QueueError:
        return False
    say(f"ack {letter}")
    return True


def wrong(said: list[str], lives: int) -> list[str]:
    """What does not hold of everything that was told."""
    found = []
    for name in ("one", "two"):
        told = [line.split()[2] for line in said if line.startswith(f"told {name} ")]
        numbers = {tuple(line.split()[2:]) for line in said if line.startswith(f"told {name} ")}
        about = {key.partition("/")[0] for key in told}
        if about != {report.report_id for report in REPORTS} - skipped(told):
            found.append(f"{name} was told of {sorted(about)}")
        twice = [key for key, count in Counter(told).items() if count > 1]
        if sum(Counter(told).values()) - len(set(told)) > lives - 1:
            found.append(f"{name} was told more than once of {twice}")
        if len(numbers) != len(set(told)):
            found.append(f"{name}: a repetition under another number: {sorted(numbers)}")
        order = list(dict.fromkeys(told))
        for track in (1, 2, 3):
            own = [key for key in order if f".1.{track}." in key]
            if own != sorted(own, key=lambda key: "first" not in key):
                found.append(f"{name}: out of order: {own}")
    return found


def skipped(told: list[str]) -> set[str]:
    """What was refuted before anybody was told may be told nobody."""
    third = REPORTS[2].report_id
    return set() if any(key.startswith(third) for key in told) else {third}


def live_at(shim: ctypes.CDLL, folder: Path, mode: str, point: int) -> tuple[list[str], int, int]:
    """One life in a child: what it said, how it ended, calls seen."""
    code, lasting = MODES[mode]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1

        def say(words: str) -> None:
            os.write(writer, f"{words}\n".encode())

        try:
            shim.shim_arm(str(folder).encode(), point, code, lasting)
            live(folder, set(), say, shim.shim_disarm if code else lambda: None)
            say(f"calls {shim.shim_seen()}")
            status = 0
        except BaseException:  # noqa: BLE001, a child has no caller: what it met is told, then it ends
            shim.shim_disarm()
            say("error " + traceback.format_exc().replace("\n", " | "))
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as lines:
        said = lines.read().splitlines()
    _, status = os.waitpid(child, 0)
    calls = next((int(line.split()[1]) for line in said if line.startswith("calls ")), -1)
    return said, os.waitstatus_to_exitcode(status), calls


def main(shim_file: str, root: str, mode: str, step: int) -> None:
    shim = ctypes.CDLL(shim_file)
    configure(sink=lambda _: None)
    for point in range(0, MOST, step):
        folder = Path(root) / f"{mode}-{point}"
        folder.mkdir(parents=True)
        said, status, calls = live_at(shim, folder, mode, point)
        acknowledged = {line.split()[1] for line in said if line.startswith("ack ")}
        live(folder, acknowledged, said.append, lambda: None)
        errors = [line for line in said if line.startswith("error ")]
        found = {"point": point, "status": status, "wrong": wrong(said, 2), "errors": errors}
        sys.stdout.write(json.dumps(found | {"told": len(said)}) + "\n")
        if status == 0 and 0 <= calls <= point:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
