"""Threats of each device over time, counted.

PURE. A picture counts once per kind of thing confirmed in it, and once as a threat. The width of
the time bins follows the span: short archives by minutes, long ones by days. Called by `plot`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloud.stages.day import DayVerdicts
from contract.labels import Group, group_of

KINDS: tuple[Group, ...] = ("person", "vehicle", "animal")
_BINS = ((3 * 3600, 300), (3 * 86_400, 3600))
"""Up to a span of so many seconds, count by so many; longer ones by the day."""
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class ConfirmedKinds:
    """A picture: who took it, when, and which kinds were confirmed in it."""

    device: str
    unix_s: int
    kinds: frozenset[Group]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBin:
    """What a device showed in the `bin_s` from `starts_at`."""

    device: str
    starts_at: datetime
    pictures: int
    threats: int
    of_kind: dict[Group, int]


def confirmed_kinds(day: DayVerdicts) -> Iterable[ConfirmedKinds]:
    """The day's pictures, without their verdicts."""
    for one in day.pictures:
        kinds = frozenset(group_of(verdict.label) for verdict in one.confirmed)
        yield ConfirmedKinds(day.device, int(one.captured_at.timestamp()), kinds)


def bin_width_s(confirmed: Sequence[ConfirmedKinds]) -> int:
    """Seconds by which to count."""
    times = [one.unix_s for one in confirmed] or [0]
    span = max(times) - min(times)
    return next((time_bin for longest, time_bin in _BINS if span <= longest), _DAY_S)


def count(confirmed: Sequence[ConfirmedKinds], bin_s: int) -> list[TimeBin]:
    """Every bin in which a device took pictures, by device and time."""
    pictures: Counter[tuple[str, int]] = Counter()
    threats: Counter[tuple[str, int]] = Counter()
    kinds: Counter[tuple[str, int, Group]] = Counter()
    for one in confirmed:
        at = (one.device, one.unix_s - one.unix_s % bin_s)
        pictures[at] += 1
        threats[at] += bool(one.kinds)
        kinds.update((*at, kind) for kind in one.kinds)
    return [
        TimeBin(
            device=device,
            starts_at=datetime.fromtimestamp(unix_s, UTC),
            pictures=pictures[device, unix_s],
            threats=threats[device, unix_s],
            of_kind={kind: kinds[device, unix_s, kind] for kind in KINDS},
        )
        for device, unix_s in sorted(pictures)
    ]


def as_csv(bins: Iterable[TimeBin]) -> str:
    """The counts as a table with a header."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("device", "starts_at", "pictures", "threats", *KINDS))
    for time_bin in bins:
        by_kind = (time_bin.of_kind[kind] for kind in KINDS)
        starts_at = f"{time_bin.starts_at:%Y-%m-%dT%H:%M:%SZ}"
        table.writerow((time_bin.device, starts_at, time_bin.pictures, time_bin.threats, *by_kind))
    return text.getvalue()
