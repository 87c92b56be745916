"""One self-test on its way: which hops it has passed, when, and where it is held up.

PURE. Times are seconds of the monotonic clock since the test began; what happens at a worker is
by the worker's own clock, so it stands apart. Called by `edge.self_test.runner`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from contract.ids import ReportId
from contract.verdict import Verdict
from edge.deliver.trace import Hop

HOPS: tuple[Hop, ...] = get_args(Hop)

MOST_CHARS = 300
"""Of a reason, which somebody else may have worded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedHop:
    """A hop that was passed, `after_s` the test began, or `worker_s` after a worker took it."""

    hop: Hop
    of: str = ""
    after_s: float | None = None
    worker_s: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """What is known of it."""
        facts = {"of": self.of, "after_s": self.after_s, "worker_s": self.worker_s}
        facts["note"] = self.note
        return {"hop": self.hop} | {k: v for k, v in facts.items() if v not in ("", None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestOutcome:
    """How a self-test ended; `failed` is the first hop that was not passed, `why` in words."""

    report_id: ReportId | None
    began_at: datetime
    took_s: float
    steps: tuple[PassedHop, ...]
    failed: str = ""
    why: str = ""

    @property
    def passed(self) -> bool:
        return not self.failed

    def as_json(self) -> dict[str, object]:
        """As the command line, the topic and the state file have it."""
        return {
            "passed": self.passed,
            "report_id": self.report_id,
            "began_at": self.began_at.isoformat(timespec="milliseconds"),
            "took_s": self.took_s,
            "hops": [step.as_json() for step in self.steps],
            "failed_hop": self.failed or None,
            "why": self.why or None,
        }


@dataclass(slots=True)
class Journey:
    """Changed in place by one owner."""

    report_id: ReportId
    began_s: float
    began_at: datetime
    timeout_s: float
    _steps: dict[tuple[Hop, str], PassedHop] = field(default_factory=dict)
    _held_up: dict[tuple[Hop, str], str] = field(default_factory=dict)
    _others: dict[Hop, str] = field(default_factory=dict)
    _final: set[tuple[Hop, str]] = field(default_factory=set)
    _to: tuple[str, ...] | None = None
    _flaw: tuple[Hop, str] | None = None

    def reached(self, hop: Hop, now: float, of: str = "", note: str = "") -> None:
        """It passed a hop; what comes twice (a repeat) changes nothing."""
        step = PassedHop(hop=hop, of=of, after_s=self._after(now), note=note)
        self._steps.setdefault((hop, of), step)
        self._held_up.pop((hop, of), None)

    def held_up(self, hop: Hop, why: str, of: str = "", *, final: bool = False) -> None:
        """It did not pass a hop yet, and why; the latest reason stands. `final`: it never will."""
        if (hop, of) not in self._steps:
            self._held_up[hop, of] = why[:MOST_CHARS]
            if final:
                self._final.add((hop, of))

    def other_held_up(self, hop: Hop, why: str) -> None:
        """Another report, which goes first, did not pass a hop: so it may be why this one waits."""
        self._others[hop] = why[:MOST_CHARS]

    def decided(self, verdict: Verdict, to: Sequence[str], now: float) -> None:
        """The verdict is here, and is for the destinations `to`; none, if they hear it anyway."""
        if self._to is not None:
            return
        self._to = tuple(to)
        for step in _at_the_worker(verdict):
            self._steps[step.hop, ""] = step
        self.reached("answered", now)
        if not to:
            self.reached("notified", now, "broker", "by the worker, where the site listens")
        self._flaw = _flaw_of(verdict)

    def over(self, now: float) -> bool:
        """Whether nothing more is waited for."""
        missing = tuple(self._missing())
        settled = bool(self._final) if self._to is None else self._final.issuperset(missing)
        return settled or now - self.began_s >= self.timeout_s

    def outcome(self, now: float) -> SelfTestOutcome:
        """As far as it has come."""
        failed, why = self._failure()
        return SelfTestOutcome(
            report_id=self.report_id,
            began_at=self.began_at,
            took_s=self._after(now),
            steps=tuple(sorted(self._steps.values(), key=lambda s: (HOPS.index(s.hop), s.of))),
            failed=failed,
            why=why,
        )

    def _after(self, now: float) -> float:
        return round(now - self.began_s, 3)

    def _missing(self) -> Iterator[tuple[Hop, str]]:
        """What it has not passed, first first. An older worker does not say what it did."""
        silent = {"received", "fetched", "decided"} if self._to is not None else set()
        for hop in HOPS[: HOPS.index("notified")]:
            if hop not in silent and (hop, "") not in self._steps:
                yield hop, ""
        for of in self._to or ():
            if ("notified", of) not in self._steps:
                yield "notified", of

    def _failure(self) -> tuple[str, str]:
        if self._flaw is not None:
            return self._flaw
        first = next(self._missing(), None)
        if first is None:
            return "", ""
        hop, of = first
        other = self._others.get(hop)
        why = self._held_up.get(first) or (other and f"another suspicion goes first: {other}")
        why = why or _silence(hop, self.timeout_s)
        return f"{hop} {of}".rstrip(), why


def _at_the_worker(verdict: Verdict) -> Iterator[PassedHop]:
    handled = verdict.handled
    if handled is None:
        yield PassedHop(hop="decided", note="the worker does not say when: it is older than we are")
        return
    taken_at = handled.taken_at.isoformat(timespec="milliseconds")
    yield PassedHop(hop="received", note=f"at {taken_at} by the worker's clock")
    yield PassedHop(hop="fetched", worker_s=handled.fetched_s)
    yield PassedHop(hop="decided", worker_s=handled.decided_s, note=verdict.decision)


def _flaw_of(verdict: Verdict) -> tuple[Hop, str] | None:
    """Where a verdict shows that a real alarm would not have been confirmed."""
    reasons = "; ".join(verdict.reasons)[:MOST_CHARS]
    match verdict.decision:
        case "confirmed":
            return None
        case "refuted":
            return (
                "decided",
                f"the model sees no person where the test picture shows one: {reasons}",
            )
        case _:
            return "fetched", reasons


def _silence(hop: Hop, timeout_s: float) -> str:
    """Why nothing was heard, as far as the gateway can guess."""
    guesses: dict[Hop, str] = {
        "stored": "other suspicions are carried first, or the object store does not answer",
        "reported": "other suspicions are carried first, or the broker does not acknowledge",
        "received": "no verdict came: is a worker running, connected to the same broker and root, "
        "and may it read the store?",
        "notified": "the destination has not acknowledged",
    }
    return f"not within {timeout_s:g} s; {guesses.get(hop, 'nothing is known')}"
