"""Which verdict stands? One per report, whoever asks and however often.

SHELL (reads and writes the object store). The first writer decides: a conditional put of the
verdict's key is the only claim that workers make, so any number of them may judge the same report
and all tell the same verdict afterwards. Nothing is ever overwritten. Called by `worker`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from contract.flaws import first_flaw
from contract.keys import verdict_key
from contract.report import MAX_REPORT_BYTES, ThreatReport
from contract.verdict import Verdict
from objectstore.store import NotFound, ObjectStore

CONTENT_TYPE = "application/json"


class LedgerError(Exception):
    """What is stored as a verdict is none; a person has to look at it."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The verdicts in the object store; raises what the store raises."""

    store: ObjectStore

    def find(self, report: ThreatReport) -> Verdict | None:
        """The verdict that stands for `report`, if there is one."""
        key = verdict_key(report.gateway, report.report_id)
        try:
            stored = self.store.get(key, MAX_REPORT_BYTES)
        except NotFound:
            return None
        return _read(key, stored)

    def decide(self, verdict: Verdict) -> Verdict:
        """The verdict that stands: ours if nobody was faster, otherwise the other's."""
        key = verdict_key(verdict.gateway, verdict.report_id)
        body = verdict.model_dump_json(indent=2).encode()
        if self.store.put_if_absent(key, body, CONTENT_TYPE) == "created":
            return verdict
        return _read(key, self.store.get(key, MAX_REPORT_BYTES))


def _read(key: str, stored: bytes) -> Verdict:
    try:
        return Verdict.model_validate_json(stored)
    except ValidationError as error:
        raise LedgerError(f"{key} holds no verdict: {first_flaw(error)}") from error
