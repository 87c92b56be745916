"""A limit on a whole conversation over a socket, whose own timeout begins anew with each byte.

SHELL: a timer, which ends the connection; whoever reads from it or writes to it gets an error.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ended_after(connection: socket.socket, time_s: float) -> Iterator[None]:
    """Ends `connection` if what is done meanwhile takes longer."""
    timer = threading.Timer(time_s, _end, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(connection: socket.socket) -> None:
    """Below TLS, which would wait for the other side."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
