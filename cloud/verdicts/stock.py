"""What a store holds of one gateway: its verdicts, its pictures, how far retention went.

SHELL (lists and reads the object store). What lies in a verdict's place and is none is kept with
its reason. Called by `verify` and `retain`, for one gateway after the other, which bounds memory;
`entry_at` by the index, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud.verdicts import entry as entries
from cloud.verdicts import horizon as horizons
from cloud.verdicts.entry import LedgerEntry
from cloud.verdicts.horizon import Horizon
from cloud.verdicts.ledger import PLACES
from cloud.verdicts.sealed import RecordFault, RecordRefusal
from contract.ids import GatewayId, is_name
from contract.keys import verdict_key
from contract.report import MAX_REPORT_BYTES
from objectstore.inventory import Inventory, StoredObject
from objectstore.store import NotFound, ObjectStore, TooLarge

if TYPE_CHECKING:
    from contract.signature import Keyring

_AREAS = ("alarms", "evidence", "retention", "verdicts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Of one gateway. `verdicts` by key; `pictures` and `records` of alarms by key, as listed."""

    gateway: GatewayId
    verdicts: dict[str, LedgerEntry]
    refused: dict[str, RecordRefusal]
    pictures: dict[str, StoredObject]
    records: dict[str, StoredObject]
    horizon: Horizon | None


def gateways_in(inventory: Inventory) -> list[GatewayId]:
    """Everybody of whom there is something."""
    found = {
        name.removesuffix(".json") if area == "retention" else name
        for area in _AREAS
        for name in (one.key.split("/")[1] for one in inventory.list(f"{area}/"))
    }
    return [GatewayId(name) for name in sorted(found) if is_name(name)]


def read_stock(
    gateway: GatewayId, inventory: Inventory, store: ObjectStore, keyring: Keyring | None
) -> Stock:
    """Reads every verdict and lists every picture of the gateway; raises what the store raises."""
    verdicts: dict[str, LedgerEntry] = {}
    refused: dict[str, RecordRefusal] = {}
    for listed in inventory.list(f"verdicts/{gateway}/"):
        found = entry_at(store, listed.key, gateway, keyring)
        if isinstance(found, LedgerEntry):
            verdicts[listed.key] = found
        elif found is not None:
            refused[listed.key] = found
    horizon = _horizon(store, gateway, keyring)
    if isinstance(horizon, tuple):
        refused[horizons.key_of(gateway)] = horizon
    return Stock(
        gateway=gateway,
        verdicts=verdicts,
        refused=refused,
        pictures={one.key: one for one in inventory.list(f"evidence/{gateway}/")},
        records={one.key: one for one in inventory.list(f"alarms/{gateway}/")},
        horizon=horizon if isinstance(horizon, Horizon) else None,
    )


def entry_at(
    store: ObjectStore, key: str, gateway: GatewayId, keyring: Keyring | None
) -> LedgerEntry | RecordRefusal | None:
    """What lies in a verdict's place; None if nothing does."""
    try:
        found = entries.decode(store.get(key, MAX_REPORT_BYTES), keyring)
    except NotFound:
        return None
    except TooLarge as error:
        return RecordFault.MALFORMED, str(error)
    if isinstance(found, LedgerEntry) and not _belongs(found, key, gateway):
        return RecordFault.MISPLACED, f"it is of {found.report_id}"
    return found


def _belongs(entry: LedgerEntry, key: str, gateway: GatewayId) -> bool:
    places = (verdict_key(gateway, entry.report_id, place) for place in range(PLACES))
    return entry.gateway == gateway and key in places


def _horizon(
    store: ObjectStore, gateway: GatewayId, keyring: Keyring | None
) -> Horizon | RecordRefusal | None:
    try:
        stored = store.get(horizons.key_of(gateway), MAX_HORIZON_BYTES)
    except NotFound:
        return None
    except TooLarge as error:
        return RecordFault.MALFORMED, str(error)
    return horizons.decode(stored, gateway, keyring)


MAX_HORIZON_BYTES = 4_000_000


def named_by(entries_: Iterable[LedgerEntry]) -> set[str]:
    """The keys of all pictures of these verdicts."""
    return {picture.key for entry in entries_ for picture in entry.pictures}
