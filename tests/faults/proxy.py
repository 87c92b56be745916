"""A TCP proxy between two real parts that breaks the connection in the ways networks do.

What it does to bytes is a `Trouble`, which the test may change at any moment. Bytes that are held
are not lost: once the trouble is over they go on, as TCP would send them again. It runs an event
loop on a thread of its own; `taps` are told every chunk that passes.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Literal

from tests.processes import HOST, lasting_port

Way = Literal["up", "down"]
"""up: from who connected; down: the answer."""
Tap = Callable[[int, Way, bytes], None]
"""`(connection, way, chunk)`; an empty chunk says that the connection is over."""

_CHUNK_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with the network; nothing, if nothing is said."""

    hold: frozenset[Way] = frozenset()
    """Ways on which nothing gets through: both are a black hole, one a half-open connection."""
    accepts: bool = True
    """False: a new connection is accepted by the machine, and then nobody is there."""
    refuses: bool = False
    """New connections are reset."""
    bytes_per_s: float | None = None
    """Of each connection and way."""
    delay_s: float = 0.0
    """Of each chunk, as a round trip by satellite has."""
    cut_after_bytes: int | None = None
    """A connection is reset once so many bytes went up: in the midst of a message."""
    cut_answer_after_bytes: int | None = None
    """Likewise, once so many came down."""


FINE = Trouble()
BLACK_HOLE = Trouble(hold=frozenset({"up", "down"}), accepts=False)
HALF_OPEN = Trouble(hold=frozenset({"down"}), accepts=False)
ACCEPTS_AND_HANGS = Trouble(accepts=False, hold=frozenset({"up", "down"}))
REFUSES = Trouble(refuses=True)


class Proxy:
    """Made by `proxy`; `trouble` may be set from any thread."""

    def __init__(self, target: tuple[str, int], host: str, port: int, tap: Tap | None) -> None:
        self.host, self.port = host, port
        self._trouble = FINE
        self.connections = 0
        """How many were made so far."""
        self._target, self._tap = target, tap
        self._numbers = count()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def trouble(self) -> Trouble:
        return self._trouble

    @trouble.setter
    def trouble(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        """Wakes whoever waits for other times."""
        self._changed.set()
        self._changed = asyncio.Event()

    def reset(self) -> None:
        """Ends every connection at once, without a goodbye."""
        asyncio.run_coroutine_threadsafe(self._reset_all(), self._loop).result(10.0)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10.0)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)

    async def _end(self) -> None:
        self._server.close()
        await self._reset_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reset_all(self) -> None:
        for writer in tuple(self._open):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        self.connections += 1
        try:
            await self._join(next(self._numbers), reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            _reset(writer)
            self._open.discard(writer)
            self._tasks.discard(task)

    async def _join(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.trouble.refuses:
            return
        while not self.trouble.accepts:
            await self._changed.wait()
        if writer.is_closing():
            return
        answers, onward = await asyncio.open_connection(*self._target)
        self._open.add(onward)
        pumps = [
            asyncio.ensure_future(self._pump(number, "up", reader, onward)),
            asyncio.ensure_future(self._pump(number, "down", answers, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            onward.close()
            self._open.discard(onward)
            self._tell(number, "up", b"")

    async def _pump(
        self, number: int, way: Way, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        passed = 0
        while chunk := await source.read(self._share()):
            await self._wait(way, chunk)
            trouble = self.trouble
            cut = trouble.cut_after_bytes if way == "up" else trouble.cut_answer_after_bytes
            if cut is not None and passed + len(chunk) > cut:
                sink.write(chunk[: max(0, cut - passed)])
                await sink.drain()
                return
            passed += len(chunk)
            self._tell(number, way, chunk)
            sink.write(chunk)
            await sink.drain()

    async def _wait(self, way: Way, chunk: bytes) -> None:
        while way in self.trouble.hold:
            await self._changed.wait()
        if self.trouble.delay_s:
            await asyncio.sleep(self.trouble.delay_s)
        if self.trouble.bytes_per_s:
            await asyncio.sleep(len(chunk) / self.trouble.bytes_per_s)

    def _share(self) -> int:
        rate = self.trouble.bytes_per_s
        return _CHUNK_BYTES if rate is None else max(1, min(_CHUNK_BYTES, int(rate / 10)))

    def _tell(self, number: int, way: Way, chunk: bytes) -> None:
        if self._tap is not None:
            self._tap(number, way, chunk)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closed with a reset: what was not sent is thrown away."""
    raw = writer.get_extra_info("socket")
    with suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def proxy(
    target: tuple[str, int], *, host: str = HOST, port: int | None = None, tap: Tap | None = None
) -> Iterator[Proxy]:
    """Listens on a port of its own in front of `target` until the end of the block."""
    standing = Proxy(target, host, port or lasting_port(), tap)
    standing.start()
    try:
        yield standing
    finally:
        standing.close()
