"""Sends the audits: rejected motion events are counted, those drawn are packed and kept.

SHELL. One instance per analysis thread, each with its part of the day's bytes. An audit that does
not fit is dropped and counted; nothing ever waits for one. Called by the analysis worker.
"""

from __future__ import annotations

from edge.config.schema import Config
from edge.decide.audit import Allowance, Unsuspected, spend
from edge.deliver.audit_parcel import pack_audit
from edge.deliver.evidence import Origin, Parcel
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from edge.runtime.audit_counts import AuditCounts
from service.events import Event, log


class Auditor:
    """Takes what was rejected."""

    def __init__(self, outbox: Outbox, counts: AuditCounts) -> None:
        self._outbox = outbox
        self._counts = counts
        self._allowance = Allowance()

    def take(
        self, events: tuple[Unsuspected, ...], config: Config, origin: Origin, now: float
    ) -> bool:
        """Whether any was kept for delivery; `now` is monotonic seconds."""
        kept = False
        per_day = config.deliver.audit.max_bytes_per_day // config.detect.workers
        self._allowance, _ = spend(self._allowance, 0, now, per_day)
        for event in events:
            self._counts.count("rejected_events")
            if event.shown is not None and event.report_id is not None:
                parcel = pack_audit(
                    event.report_id, event.shown, event.lasted_s, origin, config.deliver.audit
                )
                kept |= parcel is not None and self._send(parcel, now, per_day)
        return kept

    def _send(self, parcel: Parcel, now: float, per_day: int) -> bool:
        report = parcel.report
        (picture,) = parcel.pictures
        self._allowance, affordable = spend(self._allowance, len(picture.jpeg), now, per_day)
        reason = None if affordable else "the day's bytes for audits are spent"
        if affordable:
            try:
                self._outbox.put(parcel)
            except OutboxError as error:
                reason = str(error)
        self._counts.count("sent" if reason is None else "dropped")
        if reason is None:
            log(Event.AUDIT_KEPT, camera=report.camera, report_id=report.report_id)
        else:
            log(Event.AUDIT_DROPPED, camera=report.camera, reason=reason)
        return reason is None
