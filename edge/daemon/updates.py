"""The updater of a gateway, with what it sees of it and how it speaks.

SHELL, though it opens nothing. Called by `gateway`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contract.topics import Topics
from edge.config.live import Live
from edge.health.gateway_health import GatewayHealth
from edge.metrics.counters import Counters
from edge.update.trial import UpdateTrial
from edge.update.updater import Says, Updater
from service.clock import Clock
from service.link import Publication


def updater_of(
    topics: Topics,
    live: Live,
    counters: Counters,
    health: GatewayHealth,
    publish: Callable[[Iterable[Publication]], None],
    clock: Clock,
) -> Updater:
    """Nothing is asked or said before its first turn."""
    return Updater(
        topics,
        lambda: live.current.config,
        UpdateTrial(
            counters.snapshot,
            lambda: tuple(one.problem for one in health.condition().ongoing),
            lambda: live.current.config.manage.health_window_s,
            clock,
        ),
        Says(publish=publish, digest=lambda: live.current.sha256),
        clock,
    )
