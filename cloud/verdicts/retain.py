"""Removes what is over its age: says first, signed, how far it goes, and goes there then.

SHELL (lists, reads, writes and removes in the object store). If it is killed on the way, what it
has said is all that can be missing, and the next run removes the rest. A picture goes when no
verdict that names it keeps it any longer; one that no verdict names goes by the longest age. The
records of an alarm go with its verdict. Called by `python -m cloud retain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cloud.settings import RetentionSettings
from cloud.verdicts import horizon as horizons
from cloud.verdicts.horizon import Horizon, entry_gone, moved_on, pictures_gone
from cloud.verdicts.stock import Stock, named_by
from contract.keys import parse_alarm_record_key
from objectstore.inventory import Inventory
from objectstore.store import ObjectStore

if TYPE_CHECKING:
    from contract.signature import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to go of one gateway, in this order: pictures, records of alarms, verdicts."""

    horizon: Horizon
    pictures: tuple[str, ...]
    picture_bytes: int
    verdicts: tuple[str, ...]
    records: tuple[str, ...] = ()


def due(stock: Stock, ages: RetentionSettings, now: datetime) -> Due:
    """What is over its age. A horizon that cannot be trusted counts as none."""
    entries = stock.verdicts
    horizon = moved_on(entries.values(), stock.gateway, stock.horizon, ages, now)
    kept = named_by(one for one in entries.values() if not pictures_gone(one, horizon))
    named = named_by(entries.values())
    longest = timedelta(days=max(ages.pictures_days().values()))
    pictures = [
        listed
        for key, listed in stock.pictures.items()
        if key not in kept and (key in named or now - listed.modified_at > longest)
    ]
    over = {key for key, one in entries.items() if entry_gone(one, horizon)}
    return Due(
        horizon=horizon,
        pictures=tuple(listed.key for listed in pictures),
        picture_bytes=sum(listed.bytes for listed in pictures),
        verdicts=tuple(key for key in entries if key in over),
        records=_records_due(stock, over, now - timedelta(days=ages.verdicts_days)),
    )


def _records_due(stock: Stock, over: set[str], oldest: datetime) -> tuple[str, ...]:
    """Of alarms whose verdicts all go; and of those without one, what is as old as verdicts get."""
    staying = {entry.report_id for key, entry in stock.verdicts.items() if key not in over}
    going = {entry.report_id for entry in stock.verdicts.values()} - staying
    found = []
    for key, listed in stock.records.items():
        parsed = parse_alarm_record_key(key)
        report_id = parsed.report if parsed else None
        if report_id in going or (report_id not in staying and listed.modified_at < oldest):
            found.append(key)
    return tuple(found)


def remove(
    what: Due, inventory: Inventory, store: ObjectStore, signer: Signer | None
) -> Iterator[str]:
    """Removes it, a key at a time; raises what the store raises."""
    key = horizons.key_of(what.horizon.gateway)
    store.replace(key, horizons.encode(what.horizon, signer), "application/json")
    for gone in (*what.pictures, *what.records, *what.verdicts):
        inventory.remove(gone)
        yield gone
