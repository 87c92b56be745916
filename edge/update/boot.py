"""What a start comes up with: the gateway's own file with the update in force, if that works.

SHELL. Counts the starts of an update that is not in force for good, before anything of it is used,
so that one which ends the daemon again and again is rolled back. Called by the subcommand `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.config.live import Start, begin, last_good, probable_outbox
from edge.config.load import load
from edge.errors import ConfigError
from edge.update.machine import ENDS, UpdateStage, at_start
from edge.update.messages import worded
from edge.update.store import RecordDamaged, UpdateRecord, UpdateStore
from service.events import Event, log

CRASHES, INVALID = "crashes", "invalid"


def begin_updated(path: Path | None, environ: Mapping[str, str]) -> Start:
    """As `begin`, with the update in force; raises `ConfigError` if nothing works at all."""
    store = UpdateStore(probable_outbox(path, environ), "config")
    try:
        record = _counted(store, store.read())
    except RecordDamaged as error:  # what was in force with the lost update stands there whole
        return last_good(path, environ, str(error)) or begin(path, environ)
    if record.attempt is not None and record.attempt.on_trial:
        try:
            return Start(loaded=load(path, environ, record.content))
        except ConfigError as error:
            record = _withdrawn(store, record, INVALID, str(error))
    return begin(path, environ, record.content)


def begin_without(path: Path | None, environ: Mapping[str, str], reason: str) -> Start | None:
    """Once more without the update on trial, as it cannot be built; None if there is none."""
    store = UpdateStore(probable_outbox(path, environ), "config")
    record = store.read()
    if record.attempt is None or not record.attempt.on_trial:
        return None
    return begin(path, environ, _withdrawn(store, record, INVALID, reason).content)


def _counted(store: UpdateStore, record: UpdateRecord) -> UpdateRecord:
    """With this start counted, and what it makes of the update; on disk."""
    attempt = record.attempt
    if attempt is None or attempt.state in ENDS:
        return record
    starts = attempt.starts + 1
    resumed = at_start(attempt.state, starts)
    if resumed.reason:
        return _ended(store, record, resumed.state, CRASHES, resumed.reason)
    changed = attempt.model_copy(update={"state": resumed.state, "starts": starts})
    return _written(store, record.model_copy(update={"attempt": changed}))


def _withdrawn(store: UpdateStore, record: UpdateRecord, refusal: str, reason: str) -> UpdateRecord:
    return _ended(store, record, UpdateStage.ROLLED_BACK, refusal, reason)


def _ended(
    store: UpdateStore, record: UpdateRecord, state: UpdateStage, refusal: str, reason: str
) -> UpdateRecord:
    """Rolled back or rejected, and said; `updater` tells the brokers."""
    if record.attempt is None:
        return record
    reasons = worded(reason.splitlines())
    ended = {"state": state, "refusal": refusal, "reasons": reasons}
    attempt = record.attempt.model_copy(update=ended)
    event = Event.UPDATE_ROLLED_BACK if state is UpdateStage.ROLLED_BACK else Event.UPDATE_REJECTED
    log(event, of="config", version=attempt.version, state=state.value, reasons=list(reasons))
    return _written(store, record.model_copy(update={"attempt": attempt}))


def _written(store: UpdateStore, record: UpdateRecord) -> UpdateRecord:
    """A disk that takes nothing keeps nobody from watching."""
    try:
        store.write(record)
    except OSError as error:
        log(Event.UPDATE_NOT_KEPT, state="at a start", reason=str(error))
    return record
