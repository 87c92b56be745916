"""`python -m cloud reindex` and `export-labels`: the index of alarms made again, and what operators
marked as a data set.

SHELL. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cloud.confirm.offline import CannotRun
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import IndexUnusable, open_index
from cloud.index.exporting import LabelExport
from cloud.index.queries import AlarmFilter
from cloud.index.rebuilding import Rebuilding
from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from contract.ids import GatewayId
from objectstore.inventory import open_inventory
from objectstore.store import ObjectStore
from service.clock import Clock


def reindex(
    options: argparse.Namespace, settings: Settings, store: ObjectStore, clock: Clock
) -> int:
    """Prints what was read and removed; 0."""
    engine = _opened(settings)
    rebuilding = Rebuilding(
        AlarmIndex(engine, clock),
        AlarmStore(store, open_keys(settings)),
        open_inventory(settings.store or ""),
    )
    with _closing(engine):
        counts = rebuilding.run(whole=not options.missing)
    print(json.dumps(asdict(counts)))
    return 0


def export_labels(
    options: argparse.Namespace, settings: Settings, store: ObjectStore | None, clock: Clock
) -> int:
    """Prints how many alarms and pictures were written; 0."""
    engine = _opened(settings)
    export = LabelExport(AlarmIndex(engine, clock), store, settings.limits.of_picture())
    gateways = frozenset({GatewayId(options.gateway)}) if options.gateway else None
    try:
        with _closing(engine):
            wanted = AlarmFilter(gateways=gateways)
            export.write(options.coco, options.images, wanted, clock.now())
    except OSError as error:
        raise CannotRun(f"{error.filename} cannot be written: {error.strerror}") from error
    print(json.dumps(dict(export.counts)))
    return 0


def _opened(settings: Settings) -> Engine:
    try:
        return open_index(settings.index.url, settings.index.password_file)
    except IndexUnusable as error:
        raise SettingsError(str(error)) from error


@contextmanager
def _closing(engine: Engine) -> Iterator[None]:
    """What the database cannot do is said in words."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise CannotRun(f"the index cannot be used now: {cause[:400]}; run it again") from error
    finally:
        engine.dispose()
