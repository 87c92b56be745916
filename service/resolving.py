"""Names are looked up within a time, which the system's resolver has no way to be told.

SHELL (threads). A look-up that takes too long goes on in a thread of its own until the resolver
gives up (by its usual options 10 s for each server), and nobody waits for it. Called by whoever
connects to a host under a deadline.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

MOST_PENDING = 32
"""Look-ups without an answer; more are refused at once: a dead resolver takes no more threads."""

Answer = TypeVar("Answer")
_pending = threading.BoundedSemaphore(MOST_PENDING)


def addresses_of(host: str, port: int, time_s: float) -> list[str]:
    """Each once, in the resolver's order. Raises `OSError`, of which `TimeoutError` is one, and
    `UnicodeError` for what can be no name."""
    found = answered_within(
        time_s,
        lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
        f"looking up {host}",
    )
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def connected(host: str, port: int, time_s: float) -> socket.socket:
    """A connection to the first of its addresses that answers, the look-up within `time_s` too;
    raises as `addresses_of`."""
    return connected_to(addresses_of(host, port, time_s), port, time_s)


def connected_to(addresses: Sequence[str], port: int, time_s: float) -> socket.socket:
    """Each has its share of `time_s`; raises `OSError`."""
    share_s = time_s / max(1, len(addresses))
    last: OSError = OSError("it has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=share_s)
        except OSError as error:
            last = error
    raise last


def answered_within(time_s: float, ask: Callable[[], Answer], what: str) -> Answer:
    """What `ask` returns or raises; `TimeoutError` if that takes longer. It then goes on, and what
    it still does nobody hears of."""
    if not _pending.acquire(blocking=False):
        raise TimeoutError(f"{what}: {MOST_PENDING} look-ups are without an answer")
    answers: queue.SimpleQueue[Answer | OSError | ValueError] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except (OSError, ValueError) as error:
            answers.put(error)
        finally:
            _pending.release()

    threading.Thread(target=answer, name="resolver", daemon=True).start()
    try:
        found = answers.get(timeout=time_s)
    except queue.Empty:
        raise TimeoutError(f"{what} took longer than {time_s:g} s") from None
    if isinstance(found, OSError | ValueError):
        raise found
    return found
