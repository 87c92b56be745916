"""What `fleet proof` says: a line for each day, each stop, and each thing that does not hold.

PURE. Entries are counted on the day, in UTC, on which they begin; the time watched is shared out
exactly. Called by `proof`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from contract.ids import CameraId
from contract.watch import WatchedCamera, WatchEntry
from contract.watch_chain import CheckedWatch, WatchFinding

_COUNTED = ("received", "superseded", "quiet", "analysed", "suspicions", "notified")
_DAY = timedelta(days=1)


class KeyTrust(StrEnum):
    """Why the gateway's keys are believed to be its own."""

    NAMED = "named"
    CERTIFIED = "certified"
    FIRST_NOTED = "first_noted"
    """A worker wrote down the first that came; whoever writes the store could have chosen it."""
    FIRST_FOUND = "first_found"


_UNPROVEN = {
    KeyTrust.FIRST_NOTED: "the first that a worker saw and noted in this store",
    KeyTrust.FIRST_FOUND: "the first that stands in these entries",
}


@dataclass(slots=True)
class WatchedDay:
    """Sums over a day, of one camera or of all."""

    day: date
    entries: int = 0
    watched_s: float = 0.0
    unseen_s: float = 0.0
    disarmed_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        counts = {name: self.counts[name] for name in ("rejected", *_COUNTED)}
        return {
            "day": self.day.isoformat(),
            "entries": self.entries,
            "watched_s": round(self.watched_s),
            "unseen_s": round(self.unseen_s),
            "disarmed_s": round(self.disarmed_s),
            **counts,
        }


@dataclass(frozen=True, slots=True)
class WatchStop:
    """The gateway did not run: between two entries that follow each other."""

    begin: datetime
    end: datetime
    closed: str

    def as_json(self) -> dict[str, object]:
        return {
            "begin": self.begin.isoformat(timespec="seconds"),
            "end": self.end.isoformat(timespec="seconds"),
            "seconds": round((self.end - self.begin).total_seconds()),
            "closed": self.closed,
        }


def days_of(entries: Sequence[WatchEntry], camera: CameraId | None = None) -> list[WatchedDay]:
    """In order; days without entries in between are there too."""
    if not entries:
        return []
    found: dict[date, WatchedDay] = {}
    day = min(entry.begins for entry in entries).astimezone(UTC).date()
    while day <= max(entry.ends for entry in entries).astimezone(UTC).date():
        found[day] = WatchedDay(day)
        day += _DAY
    for entry in entries:
        _add(found[entry.begins.astimezone(UTC).date()], entry, camera)
        for day, seconds in _shares(entry):
            found[day].watched_s += seconds
    return [one for one in found.values() if one.entries or one.watched_s]


def stops_of(entries: Sequence[WatchEntry]) -> list[WatchStop]:
    """The times between a run of the program and the next; `interrupted`: it was killed."""
    return [
        WatchStop(before.ends, after.begins, before.closed)
        for before, after in pairwise(entries)
        if after.run != before.run and after.begins > before.ends
    ]


def page_of(checked: CheckedWatch, camera: CameraId | None, trust: KeyTrust) -> Iterator[str]:
    """For people."""
    for day in days_of(checked.entries, camera):
        yield _day_line(day)
    for stop in stops_of(checked.entries):
        lasted = _clock((stop.end - stop.begin).total_seconds())
        when = f"{_at(stop.begin)} to {_at(stop.end)}"
        yield f"stop   {when}: not watched for {lasted} ({stop.closed})"
    for one in checked.findings:
        when = "" if one.at is None else f" ({_at(one.at)})"
        yield f"FAULT  {one.fault.value} at {one.place}{when}: {one.detail}"
    if trust in _UNPROVEN and checked.entries:
        yield (
            f"NOTE   the key is believed, not proven: {_UNPROVEN[trust]}. Whoever could write here "
            "then could have chosen it: check with --authority FILE or --key KEY"
        )


def finding_json(one: WatchFinding) -> dict[str, object]:
    """A finding as `--json` prints it."""
    at = None if one.at is None else one.at.isoformat(timespec="seconds")
    return {"fault": one.fault.value, "place": one.place, "at": at, "detail": one.detail}


def _add(day: WatchedDay, entry: WatchEntry, camera: CameraId | None) -> None:
    day.entries += 1
    for name, one in entry.cameras.items():
        if camera in (None, name):
            _add_camera(day, one)


def _add_camera(day: WatchedDay, one: WatchedCamera) -> None:
    day.unseen_s += one.unseen_s
    day.disarmed_s += one.disarmed_s
    day.counts["rejected"] += sum(one.rejected.values())
    for name in _COUNTED:
        day.counts[name] += getattr(one, name)


def _shares(entry: WatchEntry) -> Iterable[tuple[date, float]]:
    begin, end = entry.begins.astimezone(UTC), entry.ends.astimezone(UTC)
    while begin < end:
        midnight = datetime.combine(begin.date() + _DAY, datetime.min.time(), UTC)
        yield begin.date(), (min(end, midnight) - begin).total_seconds()
        begin = midnight


def _day_line(day: WatchedDay) -> str:
    counts = day.counts
    return (
        f"{day.day}  {day.entries:3d} entries  watched {_clock(day.watched_s)}"
        f"  received {counts['received']} (rejected {counts['rejected']}, superseded "
        f"{counts['superseded']}, quiet {counts['quiet']}, analysed {counts['analysed']})"
        f"  suspicions {counts['suspicions']}  notified {counts['notified']}"
        f"  no frame for {_clock(day.unseen_s)}  disarmed {_clock(day.disarmed_s)}"
    )


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
