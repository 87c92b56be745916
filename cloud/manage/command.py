"""`root`, `config` and `model`: which verb does what; prints its lines, returns the exit status.

SHELL. Called by `cloud.__main__`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterable, Mapping

from cloud.manage import publishing, root_verbs, signing, uploading
from cloud.manage.desk import Desk
from cloud.manage.roll_out import roll_out
from cloud.settings import Settings
from contract.topics import UpdateKind
from objectstore.store import ObjectStore
from service import events
from service.clock import Clock

EXIT_FOUND = 1


_ROOT: Mapping[str, Callable[[Desk], Iterable[str]]] = {
    "init": root_verbs.init,
    "rotate": root_verbs.rotate,
    "sign": root_verbs.sign,
    "publish": root_verbs.publish,
}
_UPDATE: Mapping[str, Callable[[Desk, UpdateKind], Iterable[str]]] = {
    "sign": signing.sign,
    "upload": uploading.upload,
    "diff": signing.diff,
    "history": signing.history,
    "publish": publishing.publish,
    "rollback": publishing.rollback,
}


def run(
    options: argparse.Namespace,
    settings: Settings,
    open_store: Callable[[], ObjectStore],
    clock: Clock,
) -> int:
    """0, or 1 if somebody refused or signatures lack; raises `CannotRun` and `SettingsError`."""
    events.configure(level="error")  # the lines are for a person, and say what went wrong
    desk = Desk(options, settings, open_store, clock)
    if options.command == "root":
        verb = _ROOT.get(options.verb)
        return _found(*root_verbs.show(desk)) if verb is None else _print(verb(desk))
    kind: UpdateKind = "config" if options.command == "config" else "model"
    if options.verb == "roll-out":
        return _print_found(roll_out(desk, kind))
    update = _UPDATE.get(options.verb)
    return _found(*publishing.status(desk, kind)) if update is None else _print(update(desk, kind))


def _print_found(lines: Generator[str, None, bool]) -> int:
    """Prints as it goes; the generator's value says whether something was found."""
    while True:
        try:
            _print([next(lines)])
        except StopIteration as end:
            return EXIT_FOUND if end.value else 0


def _found(lines: Iterable[str], found: bool) -> int:
    _print(lines)
    return EXIT_FOUND if found else 0


def _print(lines: Iterable[str]) -> int:
    """Each on one line: what others wrote neither steers a terminal nor makes up a row."""
    for line in lines:
        shown = "".join(sign if sign.isprintable() else "?" for sign in line)
        print(shown, flush=True)  # noqa: T201, it is what the command is for
    return 0
