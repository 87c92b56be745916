"""A suspicion on its way through an evaluation: raised, answered by the cloud's half within this
process, perhaps asked about again, and at the end as it is scored.

It is packed as evidence, stored in a directory, framed as a report and read again, fetched,
verified, decoded, looked at by the full model, decided. Only broker and outbox are left out. Called
by `player`, which plays the frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cloud.confirm.evaluator import ReportEvaluator
from contract.cloudevent import frame_report, read_report
from contract.evidence_request import EvidenceRequest
from contract.ids import GatewayId
from contract.verdict import Decision
from edge.audit.events import AuditSample, RejectedSegment
from edge.config.audit import AuditConfig
from edge.config.load import Loaded
from edge.config.schema import EdgeConfig
from edge.deliver.audit_bundle import pack_audit
from edge.deliver.evidence import ReportBundle, ReportOrigin, extended, pack
from edge.deliver.evidence_requests import GATHER_S, PATIENCE_S
from edge.privacy import privacy_of
from edge.records import AlertCandidate, BestFrame, TrackId
from edge.replay.html import lightened
from edge.replay.player import ReplayStep
from objectstore.store import ObjectStore
from tools.evaluation.evaluate.corpus import Labelled, LabelledBox, LabelledStaticObject
from tools.evaluation.evaluate.event_traces import sheet_picture
from tools.evaluation.evaluate.events import class_of
from tools.evaluation.evaluate.matching import about
from tools.evaluation.evaluate.observed import (
    About,
    AuditAnswer,
    DecidedSuspicion,
    EdgeReasons,
    RejectedStretch,
    Sent,
)

VERDICT_S = 1.0
"""From a report to its verdict at the gateway: a fetch, an inference of two cores and two messages
over an ordinary uplink (`make run` on the development machine takes 0.4 to 1.5 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAnswer:
    """What the cloud said to one suspicion, after which bytes and how long."""

    decision: Decision
    label: str
    score: float
    reasons: tuple[str, ...]
    bytes_out: int
    confirm_s: float
    sent: tuple[Sent, ...] = ()
    again: Callable[[BestFrame | None], CloudAnswer] | None = None
    """Where the cloud asks for another picture: its answer to that, or to there being none."""


@dataclass(frozen=True, slots=True)
class LabelledPlace:
    """What was labelled in the frame that raised a suspicion, and the picture with its box."""

    labelled: tuple[LabelledBox, ...]
    static: tuple[LabelledStaticObject, ...]
    boxed: bool
    sheet: bytes

    def about(self, candidate: AlertCandidate, label: str) -> About:
        """What an alarm of `label` about the candidate is about."""
        cls = class_of(label)
        return about(candidate.suspicion.box, cls, self.labelled, self.static, boxed=self.boxed)


@dataclass(frozen=True, slots=True)
class Raised:
    """A suspicion with its answer, at the frame that raised it, and what is there."""

    frame: str
    t: float
    candidate: AlertCandidate
    answer: CloudAnswer
    at: LabelledPlace


def fed_back(answers: list[tuple[float, Raised]], step: ReplayStep) -> list[tuple[float, Raised]]:
    """What the edge has not heard yet; what is due changes the next frame's rule results, as
    live."""
    for due_s, one in answers:
        if due_s <= step.t:
            step.answer(one.candidate.suspicion.report_id, one.answer.decision)
    return [(due_s, one) for due_s, one in answers if due_s > step.t]


def answered(open_: list[Raised], step: ReplayStep) -> tuple[list[Raised], list[Raised]]:
    """What the cloud asked about: decided with this frame, and still open, as live."""
    decided: list[Raised] = []
    left: list[Raised] = []
    for one in open_:
        track = one.candidate.suspicion.track
        waited_s, seen = step.t - one.t, track in step.live
        best_frame = None if seen and waited_s < GATHER_S else step.next_best_frame(track)
        if best_frame is None and seen and waited_s < PATIENCE_S:
            left.append(one)
            continue
        after = again(one, step.name, step.t, best_frame)
        (decided if after.answer.again is None else left).append(after)
    return decided, left


def again(one: Raised, frame: str, t: float, best_frame: BestFrame | None) -> Raised:
    """The suspicion with the cloud's next answer, which is the time at which people hear of it."""
    asks = one.answer.again
    return one if asks is None else Raised(frame, t, one.candidate, asks(best_frame), one.at)


def at(
    candidate: AlertCandidate,
    labels: Labelled,
    static: tuple[LabelledStaticObject, ...],
    boxed: bool,
) -> LabelledPlace:
    return LabelledPlace(labels.boxes, static, boxed, sheet_picture(candidate))


def alive_until(raised_s: float, lives: Iterable[tuple[float, bool]]) -> float:
    """The last time at which a track lived without a break since `raised_s`.

    `lives` are frame times after the raising, in order, and whether it was alive then.
    """
    until_s = raised_s
    for t, alive in lives:
        if not alive:
            break
        until_s = t
    return until_s


def decided_suspicion(
    raised: Raised, frames: Iterable[tuple[float, frozenset[TrackId]]]
) -> DecidedSuspicion:
    """As it is scored; `frames` are times with the tracks alive then, in order."""
    suspicion, answer = raised.candidate.suspicion, raised.answer
    return DecidedSuspicion(
        report_id=suspicion.report_id,
        frame=raised.frame,
        raised_s=raised.t,
        until_s=alive_until(raised.t, _lives(suspicion.track, raised.t, frames)),
        label=suspicion.label,
        score=suspicion.score,
        decision=answer.decision,
        verdict_label=answer.label,
        verdict_score=answer.score,
        reasons=answer.reasons,
        bytes_out=answer.bytes_out,
        confirm_s=answer.confirm_s,
        about=raised.at.about(raised.candidate, suspicion.label),
        verdict_about=raised.at.about(raised.candidate, answer.label),
        sheet=raised.at.sheet,
        edge=EdgeReasons(
            rule=suspicion.rule,
            severity=suspicion.severity,
            reasons=suspicion.reasons,
            box=suspicion.box,
        ),
        sent=answer.sent,
    )


def _lives(
    track: TrackId, after_s: float, frames: Iterable[tuple[float, frozenset[TrackId]]]
) -> Iterator[tuple[float, bool]]:
    return ((t, track in live) for t, live in frames if t > after_s)


AUDITED_S = 3600.0
"""Of a corpus. An audit takes the full model some seconds: five pictures, five looks at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Asks `evaluator`, which reads from `store`; `origin` signs the reports."""

    origin: ReportOrigin
    store: ObjectStore
    evaluator: ReportEvaluator

    def ask(self, candidate: AlertCandidate) -> CloudAnswer:
        """The verdict, or a request; a picture that is stored already is not sent again."""
        return self._sent(pack(candidate, self.origin), 0, 0.0, ())

    def _sent(
        self,
        bundle: ReportBundle,
        bytes_before: int,
        seconds_before: float,
        before: tuple[Sent, ...],
    ) -> CloudAnswer:
        new = [
            picture
            for picture in bundle.pictures
            if self.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg") == "created"
        ]
        report = frame_report(bundle.report)
        bytes_out = bytes_before + len(report) + sum(len(picture.jpeg) for picture in new)
        began_s = time.perf_counter()
        answer = self.evaluator.evaluate(read_report(report))
        seconds = seconds_before + time.perf_counter() - began_s
        asks = isinstance(answer, EvidenceRequest)
        verdict = (
            self.evaluator.decide(bundle.report) if isinstance(answer, EvidenceRequest) else answer
        )
        sent = (*before, *_pictures(bundle))

        def again(best_frame: BestFrame | None) -> CloudAnswer:
            more = extended(bundle.report, best_frame, self.origin)
            return self._sent(more, bytes_out, seconds, sent)

        return CloudAnswer(
            decision=verdict.decision,
            label=verdict.label,
            score=verdict.score,
            reasons=verdict.reasons,
            bytes_out=bytes_out,
            confirm_s=seconds,
            sent=sent,
            again=again if asks else None,
        )

    def audit(self, one: RejectedSegment) -> RejectedStretch:
        """What the full model sees of what was rejected, if it was drawn."""
        return RejectedStretch(
            kind=one.kind,
            from_s=one.began_at_s,
            to_s=one.began_at_s + one.lasted_s,
            share=one.share,
            answer=None if one.audited is None else self._answer(one, one.audited),
            notified=frozenset(one.reported),
        )

    def _answer(self, one: RejectedSegment, audited: AuditSample) -> AuditAnswer:
        settings = AuditConfig()
        bundle = pack_audit(one, audited, self.origin, settings, settings.max_bytes)
        if bundle is None:
            return "unanswered"
        for picture in bundle.pictures:
            self.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg")
        decision = self.evaluator.decide(bundle.report).decision
        if decision == "confirmed":
            return "missed"
        return "clear" if decision == "refuted" else "unanswered"


def _pictures(bundle: ReportBundle) -> tuple[Sent, ...]:
    """The bundle's pictures for people to look at, each with what it is."""
    roles = {ref.key: ref.role for ref in bundle.report.evidence}
    return tuple(Sent(roles[one.key], lightened(one.jpeg)) for one in bundle.pictures)


def audit_all(config: EdgeConfig, seconds: float) -> EdgeConfig:
    """The configuration under which all that is rejected is audited, or of a long corpus of so many
    `seconds` as large a random share as makes `AUDITED_S` of it."""
    share = min(1.0, AUDITED_S / seconds) if seconds > 0 else 1.0
    changed = {"enabled": True, "share": share, "quiet_share": share}
    audit = config.deliver.audit.model_copy(update=changed)
    deliver = config.deliver.model_copy(update={"audit": audit})
    return config.model_copy(update={"deliver": deliver})


def origin_of(loaded: Loaded, model_sha256: str) -> ReportOrigin:
    """What the reports of an evaluation say about where they come from."""
    return ReportOrigin(
        gateway=GatewayId(loaded.config.gateway.id),
        model_sha256=model_sha256,
        config_version=loaded.version,
        config_sha256=loaded.sha256,
        evidence=loaded.config.deliver.evidence,
        privacy=privacy_of(loaded.config),
    )
