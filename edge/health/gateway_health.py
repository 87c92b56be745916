"""Would an alarm reach a person? Gathers what stands against it, and since when.

SHELL, though it opens nothing. Each part of the gateway contributes a check, which is asked
whenever somebody wants to know. Any thread may ask. Made by `daemon.gateway`, its checks stand in
`edge.daemon.health_checks`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.health.reasons import HealthReason, OngoingProblem, Problem
from service.clock import Clock

HealthCheck = Callable[[], Iterable[Problem]]
"""What is wrong now, as one part knows it: quick, never waiting for anything outside, total.

One is asked at a time, so that it may remember."""

GatewayStatus = Literal["ok", "degraded", "unhealthy"]

NOTED_S = 3600.0
"""What happened, such as a loss, counts for so long."""

MOST_LISTED = 64
"""Cameras and destinations may be many; what is beyond is only counted as `more`."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCondition:
    """The gateway as it is now; `more` problems are not listed."""

    status: GatewayStatus
    ongoing: tuple[OngoingProblem, ...]
    more: int = 0

    def as_json(self) -> dict[str, object]:
        """As `/healthz` and the topic `health` say it."""
        more = {"more_reasons": self.more} if self.more else {}
        return {"status": self.status, "reasons": [one.as_json() for one in self.ongoing], **more}


class GatewayHealth:
    """The ongoing problems, each since it was first seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asking = threading.Lock()
        self._checks: tuple[HealthCheck, ...] = ()
        self._since_s: dict[_Key, float] = {}

    def add_checks(self, *checks: HealthCheck) -> None:
        """These are asked too, from now on."""
        self._checks += checks

    def condition(self) -> GatewayCondition:
        """Asks every check. Unhealthy is only what a restart fixes."""
        with self._asking:
            found = [problem for check in self._checks for problem in check()]
            now = self._clock.mono()
            problems = {_key(problem): problem for problem in found}
            self._since_s = {key: self._since_s.get(key, now) for key in problems}
            ongoing = tuple(self._ongoing(key, one, now) for key, one in problems.items())
        status: GatewayStatus = "degraded" if ongoing else "ok"
        if any(one.problem.reason.unhealthy for one in ongoing):
            status = "unhealthy"
        return GatewayCondition(
            status=status, ongoing=ongoing[:MOST_LISTED], more=max(0, len(ongoing) - MOST_LISTED)
        )

    def _ongoing(self, key: _Key, problem: Problem, now: float) -> OngoingProblem:
        for_s = now - self._since_s[key]
        since = self._clock.now() - timedelta(seconds=for_s)
        return OngoingProblem(
            problem=problem, since=since.isoformat(timespec="seconds"), for_s=for_s
        )


def _key(problem: Problem) -> _Key:
    return problem.reason.value, problem.subject


class HealthCollector(Collector):
    """The reasons for Prometheus, read when it asks; subjects are many, so they are counted."""

    def __init__(self, condition: Callable[[], GatewayCondition]) -> None:
        self._condition = condition

    def collect(self) -> Iterator[Metric]:
        problems = GaugeMetricFamily(
            "stillwatch_health_problems",
            "Problems that may keep an alarm from a person, by reason.",
            labels=["reason"],
        )
        found = Counter(one.problem.reason for one in self._condition().ongoing)
        for reason in HealthReason:
            problems.add_metric([reason.value], float(found[reason]))
        yield problems
