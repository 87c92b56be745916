"""Self-tests: one at a time, begun when asked for or when it is time, followed to their end.

SHELL. `tick` is the control loop's and does the work; anyone may `ask`, and whoever carries a
report or a verdict tells where a test is (`reached`, `held_up`, `decided`), on a thread of their
own. A test is raised, kept and delivered as a suspicion is, but ranks below everything, is counted
nowhere else, and what is left of it when it is over is withdrawn.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from contract.ids import GatewayId, ReportId, report_id
from contract.verdict import Verdict
from edge.config.schema import EdgeConfig
from edge.deliver.evidence import ReportOrigin
from edge.deliver.outbox import Outbox
from edge.deliver.trace import Hop
from edge.errors import OutboxError
from edge.intake.admission import admit
from edge.records import Message
from edge.self_test.bundle import CAMERA, NoTestPicture, find_picture, marked, stamped, words_of
from edge.self_test.journey import Journey, SelfTestOutcome
from edge.self_test.record import Record
from imaging.admission import Rejected
from imaging.manifest import ModelError, find_model, read_manifest
from service.clock import Clock
from service.events import Event, log

PAUSE_S = 10.0
"""Between two tests, so that whoever may ask cannot keep gateway and worker busy."""

_SOON_S = 300.0
_SPREAD_S = 1800.0
"""The first scheduled test is so long after the start, at most: a fleet whose power comes back does
not test itself all at once."""

Done = Callable[[SelfTestOutcome], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    timeout_s: float
    done: Done


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """What the reports of self-tests name: the `origin` in force, and the `epoch` of this run."""

    origin: Callable[[], ReportOrigin]
    epoch: int


class SelfTests:
    """The one self-test that may be under way, and how the last one went."""

    def __init__(
        self,
        outbox: Outbox,
        record: Record,
        clock: Clock,
        config: Callable[[], EdgeConfig],
        source: ReportSource,
        rng: random.Random,
    ) -> None:
        """`record` remembers the last outcome."""
        self._outbox = outbox
        self._record = record
        self._clock = clock
        self._config = config
        self._source = source
        self._rng = rng
        self._lock = threading.Lock()
        self._journey: Journey | None = None
        self._asked: _Asked | None = None
        self._number = 0
        self._quiet_until_s = 0.0
        self._due_s: float | None = None
        self._withdraw()

    def ask(self, timeout_s: float | None, done: Done) -> str | None:
        """Begins one soon, and calls `done` on the control loop's thread; or says why not."""
        with self._lock:
            if self._asked is not None:
                return "a self-test is under way"
            wait_s = self._quiet_until_s - self._clock.mono()
            if wait_s > 0:
                return f"a self-test ended just now: ask again in {wait_s:.0f} s"
            settings = self._config().self_test
            self._asked = _Asked(settings.timeout_s if timeout_s is None else timeout_s, done)
            return None

    def tick(self, carry: Callable[[], None]) -> None:
        """Once a turn of the control loop; `carry` wakes who delivers."""
        if self._scheduled():
            self.ask(None, lambda _: None)
        now = self._clock.mono()
        with self._lock:
            asked, journey = self._asked, self._journey
        if asked is None:
            return
        if journey is None:
            self._begin(asked, now)
            carry()
            return
        with self._lock:
            outcome = journey.outcome(now) if journey.over(now) else None
        if outcome is not None:
            self._end(outcome, asked)

    def stop(self) -> None:
        """The daemon ends: whoever waits is answered."""
        with self._lock:
            asked, journey = self._asked, self._journey
        if asked is not None and journey is not None:
            journey.held_up("answered", "the daemon was stopped", final=True)
            asked.done(journey.outcome(self._clock.mono()))

    def reached(self, report: ReportId, hop: Hop, of: str = "") -> None:
        """A report passed a hop; of any other than the test's nothing is noted."""
        with self._lock:
            if self._journey is not None and self._journey.report_id == report:
                self._journey.reached(hop, self._clock.mono(), of)

    def held_up(
        self, report: ReportId, hop: Hop, why: str, of: str = "", *, final: bool = False
    ) -> None:
        """A report did not pass a hop, and why; `final`: nobody will try again."""
        with self._lock:
            if self._journey is None:
                return
            if self._journey.report_id == report:
                self._journey.held_up(hop, why, of, final=final)
            elif not of:  # a destination's trouble with another is no news of ours
                self._journey.other_held_up(hop, why)

    def decided(self, verdict: Verdict, to: Sequence[str]) -> None:
        """The verdict on a report is here, for the destinations `to`."""
        with self._lock:
            if self._journey is not None and self._journey.report_id == verdict.report_id:
                self._journey.decided(verdict, to, self._clock.mono())

    def _scheduled(self) -> bool:
        """Whether it is time for one; the first a while after the start."""
        every_s, now = self._config().self_test.every_s, self._clock.mono()
        if every_s is None:
            self._due_s = None
            return False
        if self._due_s is None:
            spread_s = min(_SPREAD_S, every_s / 10)
            self._due_s = now + min(_SOON_S, every_s) + self._rng.uniform(0, spread_s)
        if now < self._due_s:
            return False
        self._due_s = now + every_s * self._rng.uniform(0.9, 1.1)
        return True

    def _begin(self, asked: _Asked, now: float) -> None:
        self._withdraw()
        origin = self._source.origin()
        named = report_id(GatewayId(origin.gateway), CAMERA, self._source.epoch, self._number, 0)
        self._number += 1
        journey = Journey(named, now, self._clock.now(), asked.timeout_s)
        with self._lock:
            self._journey = journey
        log(Event.SELF_TEST_STARTED, report_id=named, timeout_s=asked.timeout_s)
        try:
            self._send(named, origin)
        except (NoTestPicture, ModelError) as error:
            self.held_up(named, "admitted", str(error), final=True)
        except OutboxError as error:
            self.held_up(named, "queued", str(error), final=True)

    def _send(self, named: ReportId, origin: ReportOrigin) -> None:
        config, now = self._config(), self._clock.now()
        folder = find_model(config.detect.model)
        picture = find_picture(folder, read_manifest(folder))
        message = Message(
            camera=CAMERA,
            topic="",
            payload=stamped(picture, words_of(named, now)),
            received_at=now,
            received_mono_s=self._clock.mono(),
        )
        frame = admit(message, config.intake.limits, config.intake.json_paths)
        if isinstance(frame, Rejected):
            self.held_up(named, "admitted", f"{frame.reason}: {frame.detail}", final=True)
            return
        self.reached(named, "admitted")
        self._outbox.put(marked(frame, picture.box, named, origin))
        self.reached(named, "queued")

    def _withdraw(self) -> None:
        """What is left of tests; where the disk does not let us, the next test finds it."""
        with suppress(OutboxError):
            self._outbox.withdraw_tests()

    def _end(self, outcome: SelfTestOutcome, asked: _Asked) -> None:
        with self._lock:
            self._journey = self._asked = None
            self._quiet_until_s = self._clock.mono() + PAUSE_S
        if not outcome.passed:
            self._withdraw()
        self._record.keep(outcome)
        if outcome.passed:
            log(Event.SELF_TEST_PASSED, report_id=outcome.report_id, took_s=outcome.took_s)
        else:
            log(
                Event.SELF_TEST_FAILED,
                report_id=outcome.report_id,
                hop=outcome.failed,
                reason=outcome.why,
            )
        asked.done(outcome)
