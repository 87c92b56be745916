"""Opens the configured outbox, and logs what that found and what it lets go of.

SHELL. Called by `gateway`; `delivery` logs repairs at a later moment.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.config.schema import EdgeConfig
from edge.deliver.outbox import Loss, Outbox, open_outbox
from edge.deliver.outbox_records import AUDIT_RANK, TEST_RANK, Repairs
from edge.metrics.counters import Counters
from service.clock import Clock
from service.events import Event, log


def open_outbox_of(
    config: EdgeConfig, clock: Clock, counters: Counters, synchronised: Callable[[], bool]
) -> Outbox:
    """The configured outbox; what it must let go of is counted. Raises `OutboxInUse`."""

    def lost(loss: Loss) -> None:
        if loss.severity == TEST_RANK:
            log(Event.SELF_TEST_DISPLACED, report_id=loss.report_id, reason=loss.reason.value)
            return
        if loss.severity == AUDIT_RANK:
            counters.audits.lose(loss.report_id)
        else:
            counters.count(loss.camera, "lost")
        log(
            Event.OUTBOX_EVICTED,
            camera=loss.camera,
            report_id=loss.report_id,
            reason=loss.reason.value,
            severity=loss.severity,
        )

    outbox = open_outbox(config.deliver.outbox, clock, lost, synchronised)
    log_repairs(outbox)
    depth = outbox.depth()
    log(Event.OUTBOX_OPENED, entries=dict(depth.entries), bytes=depth.bytes)
    if depth.trouble is not None:
        log(Event.OUTBOX_IN_MEMORY, reason=depth.trouble, in_memory=depth.in_memory)
    return outbox


def log_repairs(outbox: Outbox) -> None:
    """What opening it found, unless that was nothing."""
    found = outbox.repairs
    if found == Repairs():
        return
    log(
        Event.OUTBOX_REPAIRED,
        set_aside=found.set_aside and str(found.set_aside),
        salvaged=found.salvaged,
        pictures_missing=found.pictures_missing,
        orphans=found.orphans,
    )
