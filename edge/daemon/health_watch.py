"""Rounds over the gateway's own health: what begins and what ends is said at once.

SHELL, on the control loop's thread; on-connect messages may be asked for on others. What is wrong
is found by the checks (`edge.daemon.health_checks`); here it is logged, and said on the retained
topic `health`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from edge.daemon.status_messages import StatusMessages
from edge.health.gateway_health import GatewayHealth
from edge.health.reasons import OngoingProblem
from service.clock import Clock
from service.events import Event, log
from service.link import Publication

_ROUND_S = 1.0

_Key = tuple[str, str]


class HealthWatch:
    """What was said of the gateway's health, so that only changes are published."""

    def __init__(
        self,
        health: GatewayHealth,
        status_messages: StatusMessages,
        clock: Clock,
        publish: Callable[[Iterable[Publication]], None],
    ) -> None:
        self._health = health
        self._status_messages = status_messages
        self._clock = clock
        self._publish = publish
        self._round_at_s = -math.inf
        self._told: dict[_Key, OngoingProblem] = {}
        self._born = False

    def on_connect(self) -> Iterator[Publication]:
        """What must stand at the broker after a connect."""
        yield self._status_messages.gateway_health(self._health.condition())
        self._born = True  # after a short break nothing may seem to have changed, yet this was said

    def tick(self) -> None:
        """Once a turn of the control loop."""
        now = self._clock.mono()
        if now - self._round_at_s < _ROUND_S:
            return
        self._round_at_s = now
        condition = self._health.condition()
        ongoing = {_key(one): one for one in condition.ongoing}
        born, self._born = self._born, False
        if born or ongoing.keys() != self._told.keys():
            self._log(ongoing)
            self._publish((self._status_messages.gateway_health(condition),))
        self._told = ongoing

    def _log(self, ongoing: dict[_Key, OngoingProblem]) -> None:
        for key in ongoing.keys() - self._told.keys():
            problem = ongoing[key].problem
            log(
                Event.HEALTH_DEGRADED,
                reason=problem.reason.value,
                of=problem.subject,
                detail=problem.detail,
                action=problem.reason.action,
            )
        for reason, of in self._told.keys() - ongoing.keys():
            after_s = round(self._told[reason, of].for_s, 1)
            log(Event.HEALTH_RECOVERED, reason=reason, of=of, after_s=after_s)


def _key(one: OngoingProblem) -> _Key:
    return one.problem.reason.value, one.problem.subject
