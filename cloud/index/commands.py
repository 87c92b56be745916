"""`python -m cloud reindex`: the index of alarms, made again from the object store.

SHELL. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from sqlalchemy.exc import SQLAlchemyError

from cloud.confirm.offline import CannotRun
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import IndexUnusable, open_index
from cloud.index.rebuilding import Rebuilding
from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from objectstore.inventory import open_inventory
from objectstore.store import ObjectStore
from service.clock import Clock


def reindex(
    options: argparse.Namespace, settings: Settings, store: ObjectStore, clock: Clock
) -> int:
    """Prints what was read and removed; 0."""
    try:
        engine = open_index(settings.index.url, settings.index.password_file)
    except IndexUnusable as error:
        raise SettingsError(str(error)) from error
    rebuilding = Rebuilding(
        AlarmIndex(engine, clock),
        AlarmStore(store, open_keys(settings)),
        open_inventory(settings.store or ""),
    )
    try:
        counts = rebuilding.run(whole=not options.missing)
    except SQLAlchemyError as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise CannotRun(f"the index could not be written: {cause[:400]}; run it again") from error
    finally:
        engine.dispose()
    print(json.dumps(asdict(counts)))
    return 0
