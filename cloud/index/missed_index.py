"""The index of what people reported as missed, beside that of alarms.

SHELL. Like alarms it can be made again from the object store, where each record is first. Raises
`SQLAlchemyError`. Called by `desk`, `rebuilding`, and pages that count or show it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, select

from cloud.index.database import upserting, writing
from cloud.index.schema import MissedThreatRow
from contract.ids import CameraId, GatewayId
from contract.missed_threat import MissedThreat

MOST_MISSED = 10_000
"""That one page of figures counts."""


class MissedIndex:
    """Over the database of an `AlarmIndex`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, threats: Iterable[MissedThreat]) -> None:
        """What is there already stays as it is."""
        with writing(self._engine) as connection:
            _insert(connection, threats)

    def replace(self, gone: Collection[str], threats: Collection[MissedThreat]) -> None:
        """Ids that go, and what stands from now on under its own."""
        ids = sorted({*gone, *(one.id for one in threats)})
        with writing(self._engine) as connection:
            for one in ids:
                connection.execute(delete(MissedThreatRow).where(MissedThreatRow.id == one))
            _insert(connection, threats)

    def ids(self) -> dict[GatewayId, frozenset[str]]:
        """Of all, by gateway."""
        found: defaultdict[GatewayId, set[str]] = defaultdict(set)
        with self._engine.connect() as connection:
            row = MissedThreatRow
            for gateway, name in connection.execute(select(row.gateway, row.id)):
                found[GatewayId(gateway)].add(name)
        return {gateway: frozenset(some) for gateway, some in found.items()}

    def find(
        self,
        gateways: Collection[GatewayId] | None = None,
        camera: CameraId | None = None,
        since: datetime | None = None,
        limit: int = MOST_MISSED,
    ) -> tuple[MissedThreat, ...]:
        """The newest first; None leaves a wish out."""
        row = MissedThreatRow
        found = select(row.body).order_by(row.missed_at.desc(), row.id).limit(limit)
        if gateways is not None:
            found = found.where(row.gateway.in_(sorted(gateways)))
        if camera is not None:
            found = found.where(row.camera == camera)
        if since is not None:
            found = found.where(row.missed_at >= since)
        with self._engine.connect() as connection:
            return tuple(map(MissedThreat.model_validate_json, connection.scalars(found)))


def _insert(connection: Connection, threats: Iterable[MissedThreat]) -> None:
    for one in threats:
        values = {
            "id": one.id,
            "gateway": one.gateway,
            "camera": one.camera,
            "missed_at": one.missed_at,
            "body": one.model_dump_json(),
        }
        insert = upserting(connection)(MissedThreatRow).values(values)
        connection.execute(insert.on_conflict_do_nothing())
