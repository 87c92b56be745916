"""What a start comes up with: the gateway's own file with the updates in force, if that works.

SHELL. Counts the starts of an update that is not in force for good, before anything of it is used,
so that one which ends the daemon again and again is rolled back. Called by the subcommand `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contract.topics import UpdateKind
from edge.config.live import Start, begin, last_good, probable_outbox
from edge.config.load import load
from edge.errors import ConfigError
from edge.update.machine import ENDS, UpdateStage, at_start
from edge.update.messages import worded
from edge.update.patches import patches_of
from edge.update.store import Attempt, RecordDamaged, UpdateRecord, UpdateStore
from service.clock import SystemClock
from service.events import Event, log

CRASHES, INVALID = "crashes", "invalid"


class _BootRecord:
    """The record of one kind, as this start finds and leaves it."""

    def __init__(self, outbox: Path, kind: UpdateKind) -> None:
        """Raises `RecordDamaged`."""
        self.kind, self._store = kind, UpdateStore(outbox, kind)
        self.record = self._store.read()

    @property
    def on_trial(self) -> bool:
        return self.record.attempt is not None and self.record.attempt.on_trial

    def count(self) -> None:
        """This start, and what it makes of the update."""
        attempt = self.record.attempt
        if attempt is None or attempt.state in ENDS:
            return
        starts = attempt.starts + 1
        resumed = at_start(attempt.state, starts)
        if resumed.reason:
            self.end(resumed.state, CRASHES, resumed.reason)
            return
        changed = attempt.model_copy(update={"state": resumed.state, "starts": starts})
        self._write(self.record.model_copy(update={"attempt": changed}))

    def end(self, state: UpdateStage, refusal: str, reason: str) -> None:
        """Rolled back or rejected, and logged; `updater` tells the brokers."""
        attempt = self.record.attempt
        if attempt is None:
            return
        reasons = worded(reason.splitlines())
        at = SystemClock().now()
        ended = {"state": state, "refusal": refusal, "reasons": reasons, "at": at}
        event = Event.UPDATE_REJECTED
        if state is UpdateStage.ROLLED_BACK:
            event = Event.UPDATE_ROLLED_BACK
        log(event, of=self.kind, version=attempt.version, state=state.value, reasons=list(reasons))
        changed = attempt.model_copy(update=ended)
        self._write(self.record.model_copy(update={"attempt": changed}))

    def withdraw(self, reason: str) -> bool:
        """Back to what was in force before, if this is on trial; a model for good goes too, as the
        file's own is always there. Whether anything changed."""
        if self.on_trial:
            self.end(UpdateStage.ROLLED_BACK, INVALID, reason)
            return True
        applied = self.record.applied
        if self.kind == "model" and applied is not None:  # whatever came of orders after it
            self.record = UpdateRecord(attempt=Attempt.of_applied(applied, SystemClock().now()))
            self.end(UpdateStage.ROLLED_BACK, INVALID, reason)
            return True
        return False

    def _write(self, record: UpdateRecord) -> None:
        """A disk that takes nothing keeps nobody from watching."""
        self.record = record
        try:
            self._store.write(record)
        except OSError as error:
            log(Event.UPDATE_NOT_KEPT, state="at a start", reason=str(error))


def begin_updated(path: Path | None, environ: Mapping[str, str]) -> Start:
    """As `begin`, with the updates in force; raises `ConfigError` if nothing works at all."""
    outbox = probable_outbox(path, environ)
    try:
        kept = _read(outbox)
    except RecordDamaged as error:  # what was in force with the lost update stands there whole
        return last_good(path, environ, str(error)) or begin(path, environ)
    for one in kept:
        one.count()
    for one in kept:
        if one.on_trial:
            try:
                return Start(loaded=load(path, environ, _patches(outbox, kept)))
            except ConfigError as error:
                one.withdraw(str(error))
    return begin(path, environ, _patches(outbox, kept))


def begin_without(path: Path | None, environ: Mapping[str, str], reason: str) -> Start | None:
    """Once more without an update that cannot be built; None if none is to blame."""
    outbox = probable_outbox(path, environ)
    kept = _read(outbox)
    tried = [one for one in kept if one.on_trial] or list(kept)
    withdrawn = [one for one in tried if one.withdraw(reason)]
    if not withdrawn:
        return None
    return begin(path, environ, _patches(outbox, kept))


def _read(outbox: Path) -> tuple[_BootRecord, _BootRecord]:
    return _BootRecord(outbox, "config"), _BootRecord(outbox, "model")


def _patches(outbox: Path, kept: tuple[_BootRecord, _BootRecord]) -> tuple[str, ...]:
    config, model = kept
    return patches_of(outbox, config.record.in_force, model.record.in_force)
