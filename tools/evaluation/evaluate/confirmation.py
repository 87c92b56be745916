"""The cloud's half, in this process: a suspicion goes the whole way that it would go live.

Packed as evidence, stored in a directory, framed as a report and read again, fetched, verified,
decoded, looked at by the full model, decided. Only broker and outbox are left out. Called by `run`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from cloud.judge import Judge
from contract.cloudevent import frame_report, read_report
from contract.ids import GatewayId
from contract.more import More
from edge.audit.events import Audited, Unsuspected
from edge.config.audit import Audit
from edge.config.load import Loaded
from edge.config.schema import Config
from edge.deliver.audit_parcel import pack_audit
from edge.deliver.evidence import Origin, Parcel, extended, pack
from edge.privacy import privacy_of
from edge.records import Case, Take
from edge.replay.html import lightened
from objectstore.store import ObjectStore
from tools.evaluation.evaluate.observed import AuditAnswer, Rejected, Sent
from tools.evaluation.evaluate.raised import Answer

AUDITED_S = 3600.0
"""Of a corpus. An audit takes the full model some seconds: five pictures, five looks at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Asks `judge`, which reads from `store`; `origin` signs the reports."""

    origin: Origin
    store: ObjectStore
    judge: Judge

    def ask(self, case: Case) -> Answer:
        """The verdict, or a question; a picture that is stored already is not sent again."""
        return self._sent(pack(case, self.origin), 0, 0.0, ())

    def _sent(
        self, parcel: Parcel, bytes_before: int, seconds_before: float, before: tuple[Sent, ...]
    ) -> Answer:
        new = [
            picture
            for picture in parcel.pictures
            if self.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg") == "created"
        ]
        report = frame_report(parcel.report)
        bytes_out = bytes_before + len(report) + sum(len(picture.jpeg) for picture in new)
        began_s = time.perf_counter()
        answer = self.judge.consider(read_report(report))
        seconds = seconds_before + time.perf_counter() - began_s
        asks = isinstance(answer, More)
        verdict = self.judge.judge(parcel.report) if isinstance(answer, More) else answer
        sent = (*before, *_pictures(parcel))

        def again(take: Take | None) -> Answer:
            more = extended(parcel.report, take, self.origin)
            return self._sent(more, bytes_out, seconds, sent)

        return Answer(
            decision=verdict.decision,
            label=verdict.label,
            score=verdict.score,
            reasons=verdict.reasons,
            bytes_out=bytes_out,
            confirm_s=seconds,
            sent=sent,
            again=again if asks else None,
        )

    def audit(self, one: Unsuspected) -> Rejected:
        """What the full model sees of what was rejected, if it was drawn."""
        return Rejected(
            kind=one.kind,
            from_s=one.began_at_s,
            to_s=one.began_at_s + one.lasted_s,
            share=one.share,
            answer=None if one.audited is None else self._answer(one, one.audited),
            told=frozenset(one.told),
        )

    def _answer(self, one: Unsuspected, audited: Audited) -> AuditAnswer:
        settings = Audit()
        parcel = pack_audit(one, audited, self.origin, settings, settings.max_bytes)
        if parcel is None:
            return "unanswered"
        for picture in parcel.pictures:
            self.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg")
        decision = self.judge.judge(parcel.report).decision
        if decision == "confirmed":
            return "missed"
        return "clear" if decision == "refuted" else "unanswered"


def _pictures(parcel: Parcel) -> tuple[Sent, ...]:
    """The parcel's pictures for people to look at, each with what it is."""
    roles = {ref.key: ref.role for ref in parcel.report.evidence}
    return tuple(Sent(roles[one.key], lightened(one.jpeg)) for one in parcel.pictures)


def audit_all(config: Config, seconds: float) -> Config:
    """The configuration under which all that is rejected is audited, or of a long corpus of so many
    `seconds` as large a random share as makes `AUDITED_S` of it."""
    share = min(1.0, AUDITED_S / seconds) if seconds > 0 else 1.0
    changed = {"enabled": True, "share": share, "quiet_share": share}
    audit = config.deliver.audit.model_copy(update=changed)
    deliver = config.deliver.model_copy(update={"audit": audit})
    return config.model_copy(update={"deliver": deliver})


def origin_of(loaded: Loaded, model_sha256: str) -> Origin:
    """What the reports of an evaluation say about where they come from."""
    return Origin(
        gateway=GatewayId(loaded.config.gateway.id),
        model_sha256=model_sha256,
        config_version=loaded.version,
        config_sha256=loaded.sha256,
        evidence=loaded.config.deliver.evidence,
        privacy=privacy_of(loaded.config),
    )
