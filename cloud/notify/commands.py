"""`notify run|status|check-config|test`, and the verbs of `people_commands`.

SHELL. Exit status: 0 done; 1 it could not be done; 3 of `status`: something waits that was tried.
Called by `__main__`.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, assert_never

from cloud.confirm.offline import CannotRun
from cloud.keys import open_keys
from cloud.notify.delivery import Acknowledged, DeliveryAttempt, NotWanted, TryAgain
from cloud.notify.destinations import build
from cloud.notify.notice import Notice
from cloud.notify.people_commands import people_verb
from cloud.notify.process import run
from cloud.notify.queue_file import FILE
from cloud.settings import Settings, SettingsError
from contract.ids import GatewayId
from objectstore.store import ObjectStore
from service.clock import Clock

EXIT_WAITING = 3

NotifyVerb = Literal["run", "status", "check-config", "test", "snooze", "subscribe", "vapid-key"]


def notify(
    options: argparse.Namespace,
    settings: Settings,
    store: Callable[[], ObjectStore],
    clock: Clock,
) -> int:
    """Runs one verb. Raises `CannotRun`, `LinkError`, `SettingsError`."""
    verb: NotifyVerb = options.verb
    match verb:
        case "run":
            opened = None if settings.store is None else store()
            return run(settings, opened, os.environ, clock)
        case "status":
            return _status(settings, options.last, as_json=options.json)
        case "check-config":
            return _check(settings, clock)
        case "test":
            return _test(settings, options.destination, clock)
        case "snooze" | "subscribe" | "vapid-key":
            return people_verb(verb, options, settings, clock)
        case _:
            assert_never(verb)


def _check(settings: Settings, clock: Clock) -> int:
    open_keys(settings)
    built = build(settings.notify, os.environ, clock)
    for name in sorted(built):
        rules = sum(name in rule.to for rule in settings.notify.rules)
        print(f"{name}: {'no rule names it' if rules == 0 else f'{rules} rule(s)'}")
    print(f"{len(built)} destination(s), {len(settings.notify.rules)} rule(s): good")
    return 0


def _test(settings: Settings, name: str, clock: Clock) -> int:
    built = build(settings.notify, os.environ, clock)
    if name not in built:
        raise SettingsError(f"{name} is no destination; there are: {', '.join(sorted(built))}")
    now = clock.now()
    notice = Notice(
        about=f"test:{name}:{int(now.timestamp())}",
        kind="test",
        event=f"test:{name}",
        site="test",
        gateway=GatewayId("test"),
        label="test message",
        self_test=True,
        at=now,
    )
    attempt = DeliveryAttempt(notice=notice, began_at_s=now.timestamp())
    outcome = built[name].destination.deliver(attempt)
    match outcome:
        case Acknowledged(words=words):
            print(f"{name} took it{f': {words}' if words else ''}")
            return 0
        case NotWanted(reason=reason) | TryAgain(reason=reason):
            raise CannotRun(f"{name} did not take it: {reason}")
        case _:
            assert_never(outcome)


def _status(settings: Settings, last: int, *, as_json: bool) -> int:
    file = settings.notify.state / FILE
    if not file.exists():
        raise CannotRun(f"there is no queue at {file}: has `notify run` run with these settings?")
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        counts = connection.execute(
            "SELECT destination, state, count(*) AS count, max(tries) AS tries"
            " FROM notifications GROUP BY destination, state ORDER BY destination, state"
        ).fetchall()
        latest = connection.execute(
            "SELECT destination, about, stage, state, tries, reason, planned_at, ended_at"
            " FROM notifications ORDER BY number DESC LIMIT ?",
            (max(0, last),),
        ).fetchall()
        connection.close()
    except sqlite3.Error as error:
        raise CannotRun(f"{file}: {error}") from error
    for row in counts:
        print(json.dumps(dict(row)) if as_json else _count_line(row))
    for row in reversed(latest):
        print(json.dumps(dict(row)) if as_json else _row_line(row))
    late = any(row["state"] == "waiting" and row["tries"] for row in counts)
    return EXIT_WAITING if late else 0


def _count_line(row: sqlite3.Row) -> str:
    return f"{row['destination']:20} {row['state']:10} {row['count']}"


def _row_line(row: sqlite3.Row) -> str:
    at = datetime.fromtimestamp(row["planned_at"], UTC)
    took = "" if row["ended_at"] is None else f" {row['ended_at'] - row['planned_at']:.1f} s"
    why = f" ({row['reason']})" if row["reason"] else ""
    what = f"{row['about']} {row['stage']}"
    return f"{at:%F %T}Z {row['destination']} {what}: {row['state']}{took}{why}"
