"""What everybody who carries reports and verdicts works with.

SHELL (holds the outbox). Made once by `daemon.gateway`, handed to courier, notifiers and
verdicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.config.schema import DeliverConfig
from edge.deliver.outbox import Outbox
from edge.deliver.trace import NO_TRACE, DeliveryTrace
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """`settings` says what is in force; `trace` hears where each report is."""

    outbox: Outbox
    clock: Clock
    settings: Callable[[], DeliverConfig]
    trace: DeliveryTrace = NO_TRACE
