"""Which verdict stands? One per report, whoever asks and however often.

SHELL (reads and writes the object store). The first writer decides: a conditional put of the
verdict's key is the only claim that workers make, so any number of them may decide on the same
report and all publish the same verdict afterwards. Nothing is ever overwritten. What lies in a
verdict's place and is none of ours (unsigned where we have a key, forged, of another report) is
left there, said, and the next place counts: all workers pass the same places in the same order, so
there is still one verdict. A report that somebody forged or altered on its way is another report
with a verdict of its own. Called by `worker`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.verdicts.entry import LedgerEntry, decode, encode, entry_of
from cloud.verdicts.sealed import RecordFault, RecordRefusal
from contract.chain import is_about
from contract.keys import verdict_key
from contract.report import MAX_REPORT_BYTES, ThreatReport
from contract.verdict import Verdict
from objectstore.store import NotFound, ObjectStore, TooLarge
from service.events import Event, log

if TYPE_CHECKING:
    from contract.signature import Keyring, Signer

CONTENT_TYPE = "application/json"

PLACES = 8
"""So often may somebody who can write where only workers should have got there before us. Beyond it
the report stays undecided, and its gateway calls it unconfirmed, which alerts."""


class LedgerError(Exception):
    """No verdict can stand: every place is taken by something else; a person has to look at it."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The verdicts in the object store; raises what the store raises.

    With a `signer` entries are signed, with a `keyring` only those that it trusts stand.
    """

    store: ObjectStore
    signer: Signer | None = None
    keyring: Keyring | None = None

    def find(self, report: ThreatReport) -> Verdict | None:
        """The verdict that stands for `report`, if there is one."""
        for place in range(PLACES):
            try:
                entry = self._entry_at(report, place)
            except NotFound:
                return None
            if entry is not None:
                return entry.verdict()
        raise self._taken(report)

    def decide(self, verdict: Verdict, report: ThreatReport) -> Verdict:
        """The verdict that stands: ours if nobody was faster, otherwise the other's."""
        body = encode(entry_of(verdict, report), self.signer)
        for place in range(PLACES):
            key = verdict_key(report.gateway, report.report_id, place)
            if self.store.put_if_absent(key, body, CONTENT_TYPE) == "created":
                return verdict
            entry = self._entry_at(report, place)
            if entry is not None:
                return entry.verdict()
        raise self._taken(report)

    def _entry_at(self, report: ThreatReport, place: int) -> LedgerEntry | None:
        """What lies there if it is a verdict on `report`; else it is said and passed over."""
        key = verdict_key(report.gateway, report.report_id, place)
        found = self._read(key, report)
        if not isinstance(found, LedgerEntry):  # one bad transfer must not unseat a verdict
            found = self._read(key, report)
        if isinstance(found, LedgerEntry):
            return found
        _log_refused(report, key, found)
        return None

    def _read(self, key: str, report: ThreatReport) -> LedgerEntry | RecordRefusal:
        try:
            found = decode(self.store.get(key, MAX_REPORT_BYTES), self.keyring)
        except TooLarge as error:
            return RecordFault.MALFORMED, str(error)
        mismatch = _not_about(found, report) if isinstance(found, LedgerEntry) else None
        return found if mismatch is None else (RecordFault.MISPLACED, mismatch)

    def _taken(self, report: ThreatReport) -> LedgerError:
        return LedgerError(
            f"what lies in all {PLACES} places of {report.report_id} is no verdict: see who may "
            f"write below verdicts/{report.gateway}/"
        )


def _not_about(entry: LedgerEntry, report: ThreatReport) -> str | None:
    """Why it says nothing about the report, which may have grown since it was decided on."""
    named = (entry.report_id, entry.gateway, entry.camera)
    if named != (report.report_id, report.gateway, report.camera):
        return f"it is of {entry.report_id} of {entry.gateway}/{entry.camera}"
    if entry.manifest is None or is_about(entry.manifest, report):
        return None
    return "it is about another claim or other pictures"


def _log_refused(report: ThreatReport, key: str, found: RecordRefusal) -> None:
    reason, words = found
    log(
        Event.LEDGER_ENTRY_REFUSED,
        camera=report.camera,
        report_id=report.report_id,
        key=key,
        reason=reason.value,
        detail=words,
    )
