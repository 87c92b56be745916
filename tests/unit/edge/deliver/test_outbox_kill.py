"""SIGKILL at any point: what the outbox acknowledged is there afterwards, and whole.

The victims are forked, so that they start at once; each opens the outbox itself.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from edge.config.schema import OutboxConfig as Settings
from edge.deliver.outbox import Loss, Outbox, open_outbox
from service.clock import SystemClock
from tests.unit.edge.deliver.bundles import bundle, name, verdict

FORK = multiprocessing.get_context("fork")
SIZE = 20_000
STEPS = ["put", "stored", "reported", "decided", "told"]


def opened(folder: Path, losses: list[Loss]) -> Outbox:
    return open_outbox(Settings(path=folder), SystemClock(), losses.append)


def put_for_ever(folder: Path, first: int, acknowledged: Connection) -> None:
    outbox = opened(folder, [])
    for number in range(first, first + 100_000):
        outbox.put(bundle(number, size=SIZE, shared="scene"))
        acknowledged.send(number)


def victim(target: Callable[..., None], *arguments: object) -> tuple[Any, Connection]:
    """A child that runs `target`, and the end of the pipe on which it acknowledges."""
    reader, writer = FORK.Pipe(duplex=False)
    process = FORK.Process(target=target, args=(*arguments, writer), daemon=True)
    process.start()
    writer.close()
    return process, reader


def received(reader: Connection) -> list[Any]:
    """All that was acknowledged before the pipe broke."""
    items = []
    try:
        while True:
            items.append(reader.recv())
    except EOFError:
        return items


def test_nothing_acknowledged_is_lost_to_ten_kills_at_random_points(tmp_path: Path) -> None:
    rng, never = random.Random(20240501), threading.Event()
    known: list[int] = []
    for life in range(10):
        process, reader = victim(put_for_ever, tmp_path, life * 100_000)
        acknowledged = [reader.recv() for _ in range(rng.randint(1, 6))]
        never.wait(rng.uniform(0.0, 0.01))
        process.kill()
        acknowledged += received(reader)
        process.join(10.0)
        assert process.exitcode == -signal.SIGKILL
        known += acknowledged
    losses: list[Loss] = []
    outbox = opened(tmp_path, losses)
    assert (losses, outbox.repairs.set_aside) == ([], None)
    assert len(known) >= 10
    for number in known:
        entry = outbox.find(name(number))
        assert entry is not None
        assert outbox.pictures(entry) == bundle(number, size=SIZE, shared="scene").pictures
    assert 0 <= sum(outbox.depth().entries.values()) - len(known) <= 10
    outbox.close()


def live_one_life(folder: Path, fatal: int, acknowledged: Connection) -> None:
    """An entry's whole way, killed before the `fatal`-th statement or file system call."""
    calls = iter(range(fatal))

    def count(*_: object) -> None:
        if next(calls, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **options: Any) -> Any:
            count()
            return call(*arguments, **options)

        return counting

    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    setattr(sqlite3, "connect", traced)  # noqa: B010, this process dies of it
    for owner, call in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "open")):
        setattr(owner, call, counted(getattr(owner, call)))
    outbox = opened(folder, [])
    outbox.put(bundle(1, size=SIZE))
    acknowledged.send("put")
    outbox.deliveries.mark_stored(name(1))
    acknowledged.send("stored")
    outbox.deliveries.mark_reported(name(1), 0.0)
    acknowledged.send("reported")
    outbox.close_with(verdict(1, "confirmed"), ["site"], SystemClock().now())
    acknowledged.send("decided")
    notification = outbox.notifications.next("site")
    assert notification is not None
    outbox.notifications.end(notification.key, "delivered")
    acknowledged.send("told")


def test_a_kill_before_any_statement_or_file_call_leaves_a_sound_outbox(tmp_path: Path) -> None:
    reached: set[int] = set()
    for fatal in range(1000):
        folder = tmp_path / str(fatal)
        process, reader = victim(live_one_life, folder, fatal)
        steps = received(reader)
        process.join(10.0)
        losses: list[Loss] = []
        outbox = opened(folder, losses)
        assert (losses, outbox.repairs.set_aside) == ([], None)
        progress = _progress(outbox)
        assert len(steps) <= progress <= len(steps) + 1, f"killed at call {fatal} after {steps}"
        entry = outbox.find(name(1))
        kept = set() if entry is None or entry.state == "done" else bundle(1, size=SIZE).pictures
        found = (folder / "pictures").iterdir()
        files = {path.stem for path in found if path.suffix not in (".json", "")}
        assert files == {picture.sha256 for picture in kept}
        outbox.close()
        reached.add(progress)
        if process.exitcode == 0:
            break
    assert (steps, reached) == (STEPS, {0, 1, 2, 3, 4, 5})


def _progress(outbox: Outbox) -> int:
    """How many of `STEPS` the entry has behind it."""
    entry = outbox.find(name(1))
    if entry is None:
        return 0
    if entry.state == "done":
        assert set(outbox.kept_threats.cameras()) == {entry.camera}
        return 5 if outbox.notifications.next("site") is None else 4
    return ("pending", "stored", "reported").index(entry.state) + 1
