"""The index made again from the object store, or brought up to it.

SHELL (lists and reads the store, writes the index). Whole, every record is read and replaces what
the index has; otherwise only alarms are read of which the store lists what the index lacks. What
the store has no more goes from the index as well. It may run while others follow what comes: each
alarm is replaced in one transaction, and before one is removed the store is asked again. Called by
`stillwatch-cloud reindex`, and at the start of whoever follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.records import AlarmRecord, RecordPlace
from contract.ids import GatewayId, ReportId, is_name
from contract.keys import (
    AlarmRecordKey,
    missed_folder,
    parse_alarm_record_key,
    parse_missed_key,
    report_of_verdict_key,
)
from objectstore.inventory import Inventory

READERS = 8
"""Alarms that are read at once: most of the time is waiting for the store."""

BATCH = 200
"""Alarms of one transaction."""

_AREAS = ("alarms", "verdicts")


@dataclass(slots=True)
class RebuildCounts:
    """`alarms` in the store, how many of them were `read`, and how many were `removed`;
    `missed`: what people reported as missed."""

    alarms: int = 0
    read: int = 0
    removed: int = 0
    missed: int = 0


@dataclass(slots=True)
class ListedAlarm:
    """What the store lists of one alarm."""

    records: list[AlarmRecordKey] = field(default_factory=list)
    verdict: bool = False

    def places(self) -> frozenset[RecordPlace]:
        """The same as the index names it."""
        own = [RecordPlace(one.name, one.number) for one in self.records]
        return frozenset([*own, RecordPlace("verdict", 0)] if self.verdict else own)


class Rebuilding:
    """One index and the store that it is made from."""

    def __init__(self, index: AlarmIndex, alarms: AlarmStore, inventory: Inventory) -> None:
        self._index, self._alarms, self._inventory = index, alarms, inventory

    def run(self, *, whole: bool) -> RebuildCounts:
        """Raises what store and database raise; begun again, it ends the same."""
        counts = RebuildCounts()
        missed = self._index.missed.ids()  # before the store is listed: what comes meanwhile stays
        for gateway in sorted({*self._gateways(), *self._index.gateways(), *missed}):
            self._gateway(gateway, counts, whole=whole)
            known = missed.get(gateway, frozenset())
            counts.missed += self._missed(gateway, known, whole=whole)
        return counts

    def _missed(self, gateway: GatewayId, known: frozenset[str], *, whole: bool) -> int:
        listed = [parse_missed_key(one.key) for one in self._inventory.list(missed_folder(gateway))]
        ids = {one[1] for one in listed if one is not None}
        due = sorted(ids if whole else ids - known)
        with ThreadPoolExecutor(READERS) as pool:
            read = list(pool.map(lambda one: self._alarms.missed(gateway, one), due))
        kept = [one for one in read if one is not None]
        staying = (ids - set(due)) | {one.id for one in kept}
        self._index.missed.replace(known - staying, kept)
        return len(staying)

    def _gateway(self, gateway: GatewayId, counts: RebuildCounts, *, whole: bool) -> None:
        listed, known = self._listed(gateway), self._index.places(gateway)
        counts.alarms += len(listed)
        due = [
            report_id
            for report_id, one in listed.items()
            if whole or not one.places() <= known.get(report_id, frozenset())
        ]
        with ThreadPoolExecutor(READERS) as pool:
            for batch in _batches(due):
                read = pool.map(lambda one: self._read(gateway, one, listed[one]), batch)
                self._index.replace(dict(zip(batch, read, strict=True)))
                counts.read += len(batch)
        for report_id in known.keys() - listed.keys():
            self._remove(gateway, report_id, counts)

    def _read(
        self, gateway: GatewayId, report_id: ReportId, listed: ListedAlarm
    ) -> list[AlarmRecord]:
        return self._alarms.records(gateway, report_id, listed.records)

    def _remove(self, gateway: GatewayId, report_id: ReportId, counts: RebuildCounts) -> None:
        """It may have come after the store was listed."""
        keys = self._record_keys(f"alarms/{gateway}/{report_id}/")
        records = self._alarms.records(gateway, report_id, keys)
        self._index.replace({report_id: records})
        counts.removed += not records

    def _listed(self, gateway: GatewayId) -> Mapping[ReportId, ListedAlarm]:
        found: dict[ReportId, ListedAlarm] = {}
        for one in self._record_keys(f"alarms/{gateway}/"):
            found.setdefault(one.report, ListedAlarm()).records.append(one)
        for listed in self._inventory.list(f"verdicts/{gateway}/"):
            report_id = report_of_verdict_key(listed.key)
            if report_id is not None:
                found.setdefault(report_id, ListedAlarm()).verdict = True
        return found

    def _record_keys(self, prefix: str) -> Iterator[AlarmRecordKey]:
        for listed in self._inventory.list(prefix):
            key = parse_alarm_record_key(listed.key)
            if key is not None:
                yield key

    def _gateways(self) -> set[GatewayId]:
        names = {
            listed.key.split("/")[1]
            for area in _AREAS
            for listed in self._inventory.list(f"{area}/")
        }
        return {GatewayId(name) for name in names if is_name(name)}


def _batches(ids: Iterable[ReportId]) -> Iterator[list[ReportId]]:
    """In one order, so that two who rebuild wait for each other and never in a circle."""
    rest = iter(sorted(ids))
    while batch := list(islice(rest, BATCH)):
        yield batch
