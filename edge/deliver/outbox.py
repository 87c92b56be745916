"""The durable queue between suspicion and verdict.

SHELL. Constraints, which hold at every line that a kill or a power cut may end:
- What `put` accepted is there until the cloud's verdict is in, and the verdict until every
  destination was notified, refused it or was given up (`notifications`): pictures are durable
  before the row that names them, a decision, its notifications and its threat are one transaction.
- The first decision stands; only the cloud's may follow `unconfirmed`, once.
- Bounded by bytes, by age, and in notifications per destination. Entries are given up only by
  quota, age or damage, and each such loss goes to `on_loss`. Any thread may call; the analysis
  threads put, the courier delivers, the uplink's thread brings verdicts, a thread per destination
  notifies.
- The disk may be full, read-only, damaged or gone, at the start and at any later moment: what it
  does not take is held in memory, bounded, until it does (`repair`); no step ends for it.
How old an entry is says `ages`, across restarts and wrong
clocks.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from contract.ids import GatewayId, ReportId
from contract.verdict import Verdict
from edge.config.schema import OutboxConfig as Settings
from edge.deliver.ages import Ages, boot_id
from edge.deliver.blobs import Blobs
from edge.deliver.decision_rows import DecisionRows
from edge.deliver.deliveries import Deliveries
from edge.deliver.evidence import EvidencePicture, ReportBundle
from edge.deliver.kept_threats import KeptThreats
from edge.deliver.notifications import Notifications
from edge.deliver.outbox_database import Database
from edge.deliver.outbox_records import Depth, Loss, LossReason, OutboxEntry, Repairs
from edge.deliver.outbox_rows import OutboxRow, OutboxRows
from edge.deliver.outbox_schema import translated
from edge.deliver.outbox_storage import OnLoss, OutboxStorage
from edge.storage.state_files import StateFile
from service.clock import Clock

__all__ = ["Depth", "Loss", "LossReason", "Outbox", "OutboxEntry", "open_outbox"]

KEEP_DONE_S = 3600.0
"""A finished entry is remembered until this age, so that a repeated verdict is known as such."""

REPAIR_S = 5.0
"""How often a disk that took nothing is tried again."""

_CHANCE = 10_000_000
"""Starts without a right clock and without a memory of earlier ones differ by so many numbers."""

_SANE_EPOCH = 4_000_000_000
"""Unix seconds of the year 2096: a wall clock beyond is wrong."""


def open_outbox(
    settings: Settings,
    clock: Clock,
    on_loss: OnLoss,
    synchronised: Callable[[], bool] = lambda: True,
    boot: str | None = None,
) -> Outbox:
    """The outbox in the folder `settings.path`, repaired as far as that is needed.

    `on_loss` is called, on the thread that notices, for each entry that the outbox gives up.
    `synchronised` is whether the wall clock is trusted, `boot` names this start of the machine.
    Raises `OutboxInUse` if another process uses the folder; nothing else keeps it from opening.
    """
    database = Database(settings.path / StateFile.OUTBOX)
    blobs = Blobs(settings.path / StateFile.PICTURES, settings.min_free_bytes)
    ages = Ages(clock, synchronised, boot_id() if boot is None else boot)
    return Outbox(database, blobs, settings, clock, on_loss, ages)


class Outbox:
    """Made by `open_outbox`; `repairs` is what opening it repaired.

    `deliveries` says which report is to be sent next, `notifications` who has not heard which
    verdict yet, `kept_threats` what was said of which camera.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        settings: Settings,
        clock: Clock,
        on_loss: OnLoss,
        ages: Ages,
    ) -> None:
        self._database = database
        self._rows = OutboxRows(database)
        self._decisions = DecisionRows(database)
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._ages = ages
        self._repaired_s = clock.mono()
        self._storage = OutboxStorage(
            self._rows,
            blobs,
            settings.max_bytes,
            settings.memory_max_bytes,
            on_loss,
            self._forget,
        )
        self.deliveries = Deliveries(self._rows, self._storage, ages, self._locked, clock)
        self.kept_threats = KeptThreats(self._decisions, self._locked)
        with self._locked("recover"):
            self.repairs = self._recover()
            self.notifications = Notifications(self._decisions, self._locked, clock)

    def close(self) -> None:
        with self._locked("close"):
            self._database.close()

    def repair(self) -> bool:
        """Whether all is on disk. If something is not, tries every `REPAIR_S` to bring it there;
        call it as often as you like."""
        with self._locked("return to the disk"):
            now = self._clock.mono()
            if self._database.trouble is None and self._storage.on_disk:
                return True
            if now - self._repaired_s < REPAIR_S:
                return False
            self._repaired_s = now
            was_in_memory = self._database.trouble is not None
            if not (self._storage.repair() and self._database.return_to_disk()):
                return False
            if was_in_memory:
                self.repairs = self._recover()
                self.notifications.recall()
            return True

    def synchronised(self) -> bool:
        """Whether the wall clock is trusted."""
        return self._ages.synchronised()

    def next_epoch(self) -> int:
        """A number that no start of this gateway has had, greater than all before.

        The wall clock is its floor, so that report ids do not repeat if the outbox was lost. Where
        that is wrong as well, chance is.
        """
        with self._locked("count the start"):
            seconds = int(self._clock.now().timestamp())
            sane = seconds if 0 < seconds < _SANE_EPOCH else 1
            if not self._ages.synchronised():
                sane += secrets.randbelow(_CHANCE)
            return self._rows.advance("epoch", sane)

    def put(self, bundle: ReportBundle) -> bool:
        """Durable on return; False if the report is known already. May displace others.

        Raises `OutboxFull` if there is no room even then, `OutboxError` if the disk fails.
        """
        report = bundle.report
        with self._locked(f"keep {report.report_id}"):
            if self._rows.find(report.report_id) is not None:
                return False
            put_at = self._ages.now()
            link = self._rows.chain.next_link(len(report.evidence))
            linked = replace(bundle, report=report.model_copy(update={"link": link}))
            self._storage.put(linked, put_at)
            self._ages.remember(report.report_id, put_at)
            return True

    def extend(self, bundle: ReportBundle) -> bool:
        """Replaces the report of an undecided entry and adds pictures; it is due at once.

        False, and all is as it was, if it is decided, gone, or the quota has no room.
        """
        report = bundle.report
        with self._locked(f"extend {report.report_id}"):
            if not self._storage.extend(bundle):
                return False
            self.deliveries.at_once(report.report_id)
            return True

    def pictures(self, entry: OutboxEntry) -> tuple[EvidencePicture, ...] | None:
        """The entry's pictures, as far as they can be read; None if it is no longer to be
        delivered, because it was decided or displaced meanwhile."""
        with self._locked(f"read pictures of {entry.report_id}"):
            return self._storage.pictures(entry.report_id)

    def close_with(
        self, verdict: Verdict, to: Iterable[str] = (), threat_until: datetime | None = None
    ) -> bool:
        """Records a verdict; True if it changed anything.

        The first one stands, but the cloud's may replace `unconfirmed`, once: then the entry is
        done and its pictures go. False as well for a report that is not (or no longer) here. What
        is recorded is for the destinations `to`, and turns the camera's threat on `threat_until`.
        """
        with self._locked(f"record the verdict on {verdict.report_id}"):
            hashes = self._storage.hashes(verdict.report_id)
            if not self._decisions.decide(verdict, to, threat_until):
                return False
            self._storage.remove_unneeded(hashes)
            self.notifications.planned(verdict.report_id)
            return True

    def overdue(self, deadline_s: float, at_most: int) -> tuple[OutboxEntry, ...]:
        """Entries that nothing was said about in `deadline_s` since they were put, oldest first."""
        with self._locked("look for overdue entries"):
            now = self._ages.now()
            undecided = self._rows.undecided()
            late = [id_ for id_ in undecided if self._ages.age_s(id_, now) >= deadline_s]
            entries = (self._storage.find(report_id) for report_id in late[:at_most])
            return tuple(entry for entry in entries if entry is not None)

    def age_s(self, report_id: ReportId) -> float:
        """Seconds since the entry was put; 0 if it is not here."""
        with self._locked(f"look at the age of {report_id}"):
            known = self._ages.knows(report_id)
            return self._ages.age_s(report_id, self._ages.now()) if known else 0.0

    def oldest_s(self) -> float:
        """Seconds since the oldest suspicion that waits for the cloud's verdict was put; 0 if none
        does. Audits may wait."""
        with self._locked("look for the oldest entry"):
            oldest = self._rows.oldest_in_line()
            return 0.0 if oldest is None else self._ages.age_s(oldest, self._ages.now())

    def gateways(self) -> frozenset[GatewayId]:
        """The ids of this gateway, former ones too, under which entries wait to be decided."""
        with self._locked("list gateway ids"):
            return frozenset(GatewayId(name) for name in self._rows.gateways())

    def find(self, report_id: ReportId) -> OutboxEntry | None:
        """The entry as it stands."""
        with self._locked(f"find {report_id}"):
            return self._storage.find(report_id)

    def sweep(self) -> None:
        """Forgets finished entries, gives up those over age; call it every minute or so."""
        shortest_s = min(KEEP_DONE_S, self._settings.max_age_s)
        with self._locked("sweep"):
            now = self._ages.now()
            for report_id in self._ages.known():
                age_s = self._ages.age_s(report_id, now)
                row = self._rows.find(report_id) if age_s > shortest_s else None
                if row is not None and age_s > self._kept_s(row):
                    self._storage.remove(row, LossReason.AGE)
            self._storage.tidy()

    def withdraw_tests(self) -> None:
        """Takes back every self-test: one that is late proves nothing, and is no loss."""
        with self._locked("withdraw self-tests"):
            for report_id in self._rows.tests():
                self._storage.withdraw(report_id)

    def depth(self) -> Depth:
        """How full it is, for the metrics."""
        with self._locked("count entries"):
            return Depth(
                entries=self._rows.states(),
                bytes=self._rows.size_bytes(),
                in_memory=self._storage.in_memory,
                trouble=self._storage.trouble or self._database.trouble,
            )

    def _kept_s(self, row: OutboxRow) -> float:
        over = row.state == "done" and not self.notifications.waits(row.report_id)
        return KEEP_DONE_S if over else self._settings.max_age_s

    def _forget(self, report_id: ReportId) -> None:
        self.notifications.abandon(report_id, "its entry made room or was too old")
        self._ages.forget(report_id)
        self.deliveries.forget(report_id)

    def _recover(self) -> Repairs:
        """Rows and files in step, and how old what was here before is."""
        repairs = self._storage.recover(self._ages.now())
        for entry in self._rows.entry_times():
            if not self._ages.knows(entry.report_id):
                self._ages.remember(entry.report_id, entry.put_at)
                again_s = entry.again_s if entry.state == "reported" else 0.0
                self.deliveries.wait_again(entry.report_id, again_s)
        if self._database.set_aside is not None:  # what it had, and how far it had come, is unsure
            self._rows.chain.begin_anew()
        return replace(repairs, set_aside=self._database.set_aside)

    @contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        with self._lock, translated(f"the outbox cannot {what}"):
            yield
