"""Whom to believe: what comes in the cloud's name is read, and taken or refused with a reason.

SHELL (it asks the outbox). Laws: a message is about the camera on whose topic it came; where keys
of the cloud are configured, nothing is taken that none of them signed; a verdict is about the
very claim and pictures that we sent; a request is about a report that waits. So what somebody
forged, replayed or moved changes nothing here, and the report stays open until its deadline, when
it is called unconfirmed. Called by `verdicts` on the uplink's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.agreement import topic_flaw
from contract.chain import is_about
from contract.cloudevent import MessageError, ReportAnswer, Untrusted, read_answer
from contract.evidence_request import EvidenceRequest
from contract.ids import ReportId
from contract.operator_outcome import OperatorOutcome
from contract.signature import Keyring
from contract.statement import KeyId
from contract.verdict import Verdict
from edge.deliver.outbox_records import OutboxEntry
from edge.metrics.refusals import AnswerRefusal


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """An answer that is not taken."""

    reason: AnswerRefusal
    detail: str


class Trust:
    """The cloud's keys, and what they are held against."""

    def __init__(
        self, root: str, keyring: Keyring | None, find: Callable[[ReportId], OutboxEntry | None]
    ) -> None:
        """`find` is the outbox's. Without a `keyring` signatures are not looked at."""
        self._root = root
        self._keyring = keyring
        self._find = find

    @property
    def key_ids(self) -> tuple[KeyId, ...]:
        """Of the keys that are trusted; none: everybody is."""
        return () if self._keyring is None else self._keyring.key_ids

    @property
    def keyring(self) -> Keyring | None:
        """The keys themselves."""
        return self._keyring

    def adopt(self, keyring: Keyring | None) -> None:
        """Go by these keys from the next message on."""
        self._keyring = keyring

    def read(self, topic: str, payload: bytes) -> ReportAnswer | RefusedAnswer | None:
        """What was said; None for our own word, which comes back where brokers are shared."""
        try:
            answer = read_answer(payload)
            if isinstance(answer, Verdict) and answer.decided_by == "edge":
                return None
            if self._keyring is not None:
                answer = read_answer(payload, self._keyring)
        except Untrusted as error:
            return RefusedAnswer(AnswerRefusal(error.reason.value), str(error))
        except MessageError as error:
            return RefusedAnswer(AnswerRefusal.MALFORMED, str(error))
        flaw = topic_flaw(answer, topic, self._root)
        if flaw is not None:
            return RefusedAnswer(AnswerRefusal.OTHER_TOPIC, flaw)
        return self._held_against_report(answer)

    def _held_against_report(self, answer: ReportAnswer) -> ReportAnswer | RefusedAnswer:
        if isinstance(answer, OperatorOutcome):
            return answer  # of an alarm that was closed long ago, perhaps
        entry = self._find(answer.report_id)
        if isinstance(answer, EvidenceRequest):
            return self._request(answer, entry)
        if entry is None or answer.manifest is None:  # long closed; a worker from before manifests
            return answer
        if is_about(answer.manifest, entry.report):
            return answer
        detail = f"{answer.decision} is about another claim or pictures than {answer.report_id}"
        return RefusedAnswer(AnswerRefusal.OTHER_REPORT, detail)

    def _request(
        self, request: EvidenceRequest, entry: OutboxEntry | None
    ) -> EvidenceRequest | RefusedAnswer:
        if entry is None or not entry.waits:
            return RefusedAnswer(
                AnswerRefusal.NOT_OPEN, f"{request.report_id} does not wait for a verdict"
            )
        if _asked_for(request) != _offered(entry, request):
            detail = f"{request.report_id} was asked that before, or says that it cannot be"
            return RefusedAnswer(AnswerRefusal.NOT_OPEN, detail)
        return request


def _asked_for(request: EvidenceRequest) -> int:
    """How many answers of that kind were left to the cloud: an older count is an old request."""
    return request.restores_left if request.unreadable else request.requests_left


def _offered(entry: OutboxEntry, request: EvidenceRequest) -> int:
    return entry.report.restores_left if request.unreadable else entry.report.requests_left
