"""A server that answers any bytes whatever, and what it saw: for what no library would send."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from service.link import TlsFiles
from tests.processes import HOST

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class RawServer:
    """`seen` is each piece that came, over all connections."""

    port: int
    connections: int = 0
    seen: list[bytes] = field(default_factory=list)


@contextmanager
def raw_server(answer: Answer, tls: TlsFiles | None = None) -> Iterator[RawServer]:
    """Calls `answer` with the connection and each piece that comes, until the client has enough."""
    listening = socket.create_server((HOST, 0))
    if tls is not None:
        assert tls.cert_file is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert_file, tls.key_file)
        listening = context.wrap_socket(listening, server_side=True)
    server = RawServer(int(listening.getsockname()[1]))

    def talk(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while piece := connection.recv(65_536):
                server.seen.append(piece)
                answer(connection, piece)

    def accept() -> None:
        with suppress(OSError):  # closed at the end
            while True:
                connection, _ = listening.accept()
                server.connections += 1
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listening.close()


def forever(head: bytes, piece: bytes, gap_s: float = 0.0) -> Answer:
    """`head`, then `piece` again and again, every `gap_s`."""

    def answer(connection: socket.socket, _asked: bytes) -> None:
        never = threading.Event()
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            never.wait(gap_s)

    return answer


def once(data: bytes) -> Answer:
    """`data`, and the end."""

    def answer(connection: socket.socket, _asked: bytes) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return answer


def rtsp_reply(asked: bytes, status: str = "200 OK", headers: str = "", body: bytes = b"") -> bytes:
    """An RTSP answer to `asked`."""
    number = re.search(rb"CSeq: *(\d+)", asked)
    head = f"RTSP/1.0 {status}\r\nCSeq: {number[1].decode() if number else 1}\r\n{headers}"
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{head}{length}\r\n".encode() + body


class PeakMemory:
    """The most resident memory of this process since it was made."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self._before = self._high()

    def grown_bytes(self) -> int:
        return self._high() - self._before

    def _high(self) -> int:
        status = Path("/proc/self/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024
