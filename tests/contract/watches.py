"""Entries of a proof of watch, as a gateway writes them hour by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from contract.ids import CameraId, GatewayId
from contract.signature import Signer, new_signer
from contract.watch import START, SealedEntry, WatchedCamera, WatchEntry, key_text, seal_entry

NORTH = GatewayId("north")
GATE = CameraId("gate")
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Changes = Mapping[int, Mapping[str, object]]
"""What is otherwise in the entry of a number."""

OURS, OTHERS = new_signer(), new_signer()


def entry_of(number: int, previous: str, **changes: object) -> WatchEntry:
    """The entry of the `number`-th hour."""
    begins = BEGIN + (number - 1) * HOUR
    seen = WatchedCamera(
        received=100 + number, rejected={"not_a_picture": 3}, quiet=90, analysed=7 + number
    )
    values: dict[str, object] = {
        "gateway": NORTH,
        "key": key_text(OURS),
        "number": number,
        "previous": previous,
        "run": "1",
        "program": "1.0",
        "config_sha256": "c" * 64,
        "model_sha256": "d" * 64,
        "begins": begins,
        "begins_synchronised": True,
        "ends": begins + HOUR,
        "ends_synchronised": True,
        "elapsed_s": HOUR.total_seconds(),
        "closed": "period",
        "cameras": {GATE: seen},
    }
    return WatchEntry.model_validate(values | changes)


def chain_of(
    hours: int,
    signer: Signer = OURS,
    changes: Changes | None = None,
    **of_all: object,
) -> list[SealedEntry]:
    """So many hours; `changes` by number, `of_all` for every entry."""
    chain: list[SealedEntry] = []
    for number in range(1, hours + 1):
        previous = chain[-1].sha256 if chain else START
        special = dict(of_all) | dict((changes or {}).get(number, {}))
        entry = entry_of(number, previous, **({"key": key_text(signer)} | special))
        chain.append(seal_entry(entry, signer))
    return chain


def files_of(chain: Sequence[SealedEntry]) -> dict[str, bytes]:
    """By name, as they lie in a folder."""
    return {f"{one.entry.number:010d}-{one.sha256[:8]}": one.content for one in chain}
