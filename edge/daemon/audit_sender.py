"""Sends the audits: what was rejected is counted, what was drawn of it is packed and kept.

SHELL. One instance per analysis thread, each with its part of the day's bytes, by which it lowers
the probability of the draw; so what is drawn can be sent, and nothing ever waits for an audit. One
that is lost all the same is counted, and widens the interval. Called by the analysis worker.
"""

from __future__ import annotations

from edge.audit.counts import AuditCounts
from edge.audit.events import RejectedSegment
from edge.audit.sampling import Allowance, chance, earned, most_bytes, spent
from edge.config.schema import EdgeConfig
from edge.deliver.audit_bundle import pack_audit
from edge.deliver.evidence import ReportBundle, ReportOrigin
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from service.events import Event, log


class AuditSender:
    """Takes what was rejected."""

    def __init__(self, outbox: Outbox, counts: AuditCounts) -> None:
        self._outbox = outbox
        self._counts = counts
        self._allowance = Allowance()

    def limit(self, now: float, under_way: int, config: EdgeConfig) -> float:
        """By how much the share that is drawn is lowered, with `under_way` drawn before."""
        return chance(self._earned(now, config), under_way, _most(config))

    def take(
        self,
        rejected: tuple[RejectedSegment, ...],
        config: EdgeConfig,
        origin: ReportOrigin,
        now: float,
    ) -> bool:
        """Whether any was kept for delivery; `now` is monotonic seconds."""
        kept = False
        for one in rejected:
            self._counts.reject(one.kind, covered=one.share > 0)
            if one.audited is not None:
                bundle = pack_audit(one, one.audited, origin, config.deliver.audit, _most(config))
                if bundle is None:
                    self._drop(one, "the pictures do not decode")
                else:
                    kept |= self._send(one, bundle, now, config)
        return kept

    def _send(
        self, one: RejectedSegment, bundle: ReportBundle, now: float, config: EdgeConfig
    ) -> bool:
        size = sum(len(picture.jpeg) for picture in bundle.pictures)
        left = spent(self._earned(now, config), size)
        if left is None:  # a configuration with fewer bytes came between
            self._drop(one, "the day's bytes for audits are spent")
            return False
        try:
            self._outbox.put(bundle)
        except OutboxError as error:
            self._drop(one, str(error))
            return False
        self._allowance = left
        self._counts.send(bundle.report.report_id, one.kind, one.share)
        log(
            Event.AUDIT_KEPT,
            camera=one.camera,
            report_id=bundle.report.report_id,
            kind=one.kind,
            share=one.share,
        )
        return True

    def _drop(self, one: RejectedSegment, reason: str) -> None:
        self._counts.drop(one.kind, one.share)
        log(Event.AUDIT_DROPPED, camera=one.camera, reason=reason)

    def _earned(self, now: float, config: EdgeConfig) -> Allowance:
        self._allowance = earned(self._allowance, now, _most(config), _per_day(config))
        return self._allowance


def _per_day(config: EdgeConfig) -> float:
    return config.deliver.audit.max_bytes_per_day / config.detect.workers


def _most(config: EdgeConfig) -> int:
    return most_bytes(config.deliver.audit, _per_day(config))
