"""The durable queue between suspicion and verdict.

SHELL. Constraints, which hold at every line that a kill or a power cut may end:
- What `put` accepted is there until the cloud's verdict is in, and the verdict until every
  destination was told, refused it or was given up (`tellings`): pictures are durable before the
  row that names them, a decision, its tellings and its threat are one transaction.
- The first decision stands; only the cloud's may follow `unconfirmed`, once.
- Bounded by bytes, by age, and in tellings per destination. Entries are given up only by quota, age
  or damage, and each such loss goes to `on_loss`.
Any thread may call; the analysis threads put, the courier delivers, the uplink's thread brings
verdicts, a thread per destination tells them.

Back-off and leases live in memory, because a monotonic clock does not outlive the process. Ages are
measured by it while the process runs, and by the wall clock only across a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from contract.ids import CameraId, GatewayId, ReportId
from contract.verdict import Verdict
from edge.config.schema import Outbox as Settings
from edge.deliver.blobs import Blobs
from edge.deliver.decision_rows import DecisionRows
from edge.deliver.evidence import Parcel, Picture
from edge.deliver.outbox_records import Depth, Entry, Loss, LossReason
from edge.deliver.outbox_rows import Row, Rows
from edge.deliver.outbox_schema import open_database, translated
from edge.deliver.outbox_shelf import OnLoss, Shelf
from edge.deliver.tellings import Tellings
from service.clock import Clock

__all__ = ["Depth", "Entry", "Loss", "LossReason", "Outbox", "open_outbox"]

LEASE_S = 120.0
"""An entry handed out is not handed out again before this, unless its holder says how it went."""

KEEP_DONE_S = 3600.0
"""A finished entry is remembered until this age, so that a repeated verdict is known as such."""

MOST_CAMERAS = 256
"""Cameras that are remembered for the next run; each costs a few messages after every connect."""

_SANE_EPOCH = 4_000_000_000
"""Unix seconds of the year 2096: a wall clock beyond is wrong."""


def open_outbox(settings: Settings, clock: Clock, on_loss: OnLoss) -> Outbox:
    """The outbox in the folder `settings.path`, repaired as far as that is needed.

    `on_loss` is called, on the thread that notices, for each entry that the outbox gives up. Raises
    `OutboxError` if another process uses the folder or a newer program wrote it.
    """
    with translated(f"cannot open the outbox {settings.path}"):
        blobs = Blobs(settings.path / "pictures")
    connection, set_aside = open_database(settings.path / "outbox.sqlite")
    rows, decisions = Rows(connection), DecisionRows(connection)
    return Outbox(rows, decisions, blobs, settings, clock, on_loss, set_aside)


class Outbox:
    """Made by `open_outbox`; `set_aside` is the damaged database that was replaced, if one was.

    `tellings` says who has not heard which verdict yet.
    """

    def __init__(
        self,
        rows: Rows,
        decisions: DecisionRows,
        blobs: Blobs,
        settings: Settings,
        clock: Clock,
        on_loss: OnLoss,
        set_aside: Path | None,
    ) -> None:
        self.set_aside = set_aside
        self._rows = rows
        self._decisions = decisions
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._born: dict[ReportId, float] = {}
        self._due: dict[ReportId, float] = {}
        self._shelf = Shelf(rows, blobs, settings.max_bytes, on_loss, self._forget)
        with self._held("recover"):
            self._remember()
            self._shelf.recover(tuple(self._born))
            self.tellings = Tellings(decisions, self._held, clock)

    def close(self) -> None:
        with self._held("close"):
            self._rows.close()

    def next_epoch(self) -> int:
        """A number that no start of this gateway has had, greater than all before.

        The wall clock is its floor, so that report ids do not repeat if the outbox was lost.
        """
        with self._held("count the start"):
            seconds = int(self._clock.now().timestamp())
            return self._rows.advance("epoch", seconds if 0 < seconds < _SANE_EPOCH else 1)

    def put(self, parcel: Parcel) -> bool:
        """Durable on return; False if the report is known already. May displace others.

        Raises `OutboxFull` if there is no room even then, `OutboxError` if the disk fails.
        """
        report = parcel.report
        with self._held(f"keep {report.report_id}"):
            if self._rows.find(report.report_id) is not None:
                return False
            self._shelf.put(parcel, self._clock.now())
            self._born[report.report_id] = self._clock.mono()
            return True

    def extend(self, parcel: Parcel) -> bool:
        """Replaces the report of an undecided entry and adds pictures; it is due at once.

        False, and all is as it was, if it is decided, gone, or the quota has no room.
        """
        report = parcel.report
        with self._held(f"extend {report.report_id}"):
            if not self._shelf.extend(parcel):
                return False
            self._due.pop(report.report_id, None)
            return True

    def next_due(self, now_mono: float) -> Entry | None:
        """The most severe, then oldest entry whose turn it is at `now_mono`; leased to the caller.

        In delivery is what has no verdict yet, or was called unconfirmed by the edge itself.
        """
        with self._held("take the next entry"):
            for report_id in self._rows.in_line():
                if self._due.get(report_id, now_mono) > now_mono:
                    continue
                entry = self._shelf.find(report_id)
                if entry is not None:
                    self._due[report_id] = now_mono + LEASE_S
                    return entry
            return None

    def pictures(self, entry: Entry) -> tuple[Picture, ...] | None:
        """The entry's pictures; None if it is no longer to be delivered.

        That is so if it was decided or displaced meanwhile, or lacks a picture and is now buried.
        """
        with self._held(f"read pictures of {entry.report_id}"):
            return self._shelf.pictures(entry.report_id)

    def mark_stored(self, report_id: ReportId) -> None:
        """The evidence is in the object store; the report is due at once."""
        with self._held(f"mark {report_id} stored"):
            self._rows.set_state(report_id, "stored")
            self._due.pop(report_id, None)

    def mark_reported(self, report_id: ReportId, again_mono: float) -> None:
        """The broker has the report; without a verdict it is due again at `again_mono`.

        After a restart it waits as long again from then.
        """
        with self._held(f"mark {report_id} reported"):
            again_s = max(0.0, again_mono - self._clock.mono())
            self._rows.set_state(report_id, "reported", again_s)
            self._wait(report_id, again_mono)

    def release(self, report_id: ReportId, due_mono: float, *, counted: bool = True) -> None:
        """The step failed; the entry is due again at `due_mono`.

        `counted=False` where it was not the entry's fault (no network): attempts stay as they are.
        """
        with self._held(f"release {report_id}"):
            self._wait(report_id, due_mono)
            if counted:
                self._rows.count_attempt(report_id)

    def bury(self, report_id: ReportId, reason: str) -> None:
        """The caller gives the entry up: kept for a look until age or room end it."""
        with self._held(f"bury {report_id}"):
            self._rows.bury(report_id, reason)

    def close_with(
        self, verdict: Verdict, to: Iterable[str] = (), threat_until: datetime | None = None
    ) -> bool:
        """Records a verdict; True if it changed anything.

        The first one stands, but the cloud's may replace `unconfirmed`, once: then the entry is
        done and its pictures go. False as well for a report that is not (or no longer) here. What
        is recorded is for the destinations `to`, and turns the camera's threat on `threat_until`.
        """
        with self._held(f"record the verdict on {verdict.report_id}"):
            hashes = self._shelf.hashes(verdict.report_id)
            if not self._decisions.decide(verdict, to, threat_until):
                return False
            self._shelf.remove_unneeded(hashes)
            self.tellings.planned(verdict.report_id)
            return True

    def cameras(self) -> Mapping[CameraId, datetime | None]:
        """Every camera that was remembered, and until when its threat was turned on."""
        with self._held("list cameras"):
            known = self._decisions.cameras()
        return {camera: _moment(until) for camera, until in known.items()}

    def remember(self, cameras: Iterable[CameraId]) -> None:
        """Something retained is said about these, so it must be said again after a restart."""
        with self._held("remember cameras"):
            self._decisions.remember(cameras, MOST_CAMERAS)

    def end_threats(self, cameras: Iterable[CameraId]) -> None:
        with self._held("end threats"):
            self._decisions.end_threats(cameras)

    def overdue(self, deadline_s: float, at_most: int) -> tuple[Entry, ...]:
        """Entries that nothing was said about in `deadline_s` since they were put, oldest first."""
        with self._held("look for overdue entries"):
            now = self._clock.mono()
            late = [id_ for id_ in self._rows.undecided() if now - self._born[id_] >= deadline_s]
            entries = (self._shelf.find(report_id) for report_id in late[:at_most])
            return tuple(entry for entry in entries if entry is not None)

    def oldest_s(self) -> float:
        """Seconds since the oldest suspicion that waits for the cloud's verdict was put; 0 if none
        does. Audits may wait."""
        with self._held("look for the oldest entry"):
            oldest = self._rows.oldest_in_line()
            return 0.0 if oldest is None else self._clock.mono() - self._born[oldest]

    def gateways(self) -> frozenset[GatewayId]:
        """The ids of this gateway, former ones too, under which entries wait to be decided."""
        with self._held("list gateway ids"):
            return frozenset(GatewayId(name) for name in self._rows.gateways())

    def find(self, report_id: ReportId) -> Entry | None:
        """The entry as it stands."""
        with self._held(f"find {report_id}"):
            return self._shelf.find(report_id)

    def sweep(self) -> None:
        """Forgets finished entries, gives up those over age; call it every minute or so."""
        shortest_s = min(KEEP_DONE_S, self._settings.max_age_s)
        with self._held("sweep"):
            for report_id, born in tuple(self._born.items()):
                age_s = self._clock.mono() - born
                row = self._rows.find(report_id) if age_s > shortest_s else None
                if row is not None and age_s > self._kept_s(row):
                    self._shelf.remove(row, LossReason.AGE)

    def depth(self) -> Depth:
        """How full it is, for the metrics."""
        with self._held("count entries"):
            return Depth(entries=self._rows.states(), bytes=self._rows.size_bytes())

    def _kept_s(self, row: Row) -> float:
        over = row.state == "done" and not self.tellings.waits(row.report_id)
        return KEEP_DONE_S if over else self._settings.max_age_s

    def _wait(self, report_id: ReportId, until_mono: float) -> None:
        if report_id in self._born:  # else it was displaced while its step was under way
            self._due[report_id] = until_mono

    def _forget(self, report_id: ReportId) -> None:
        self.tellings.abandon(report_id, "its entry made room or was too old")
        self._born.pop(report_id, None)
        self._due.pop(report_id, None)

    def _remember(self) -> None:
        """Ages and waits of the entries that were here before, as far as the wall clock knows."""
        now, now_mono = self._clock.now(), self._clock.mono()
        for birth in self._rows.births():
            age_s = max(0.0, (now - birth.created_at).total_seconds())
            self._born[birth.report_id] = now_mono - age_s
            if birth.state == "reported":
                self._due[birth.report_id] = now_mono + birth.again_s

    @contextmanager
    def _held(self, what: str) -> Iterator[None]:
        with self._lock, translated(f"the outbox cannot {what}"):
            yield


def _moment(text: str | None) -> datetime | None:
    """None as well for what cannot be read."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
