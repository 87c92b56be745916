"""Who has to wait before the next attempt to sign in, for all threads of the process.

SHELL (a lock). Called by `sign_in`.
"""

from __future__ import annotations

import threading
from ipaddress import IPv6Address, ip_address

from cloud.console.sign_in_limits import SignInLimits

FAILURES_PER_NAME = 5
FAILURES_PER_ADDRESS = 30
WINDOW_S = 900.0


class SignInAttempts:
    """Both limits under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names = SignInLimits(FAILURES_PER_NAME, WINDOW_S)
        self._addresses = SignInLimits(FAILURES_PER_ADDRESS, WINDOW_S)

    def begin(self, name: str, address: str, now: float) -> float:
        """Seconds until the next attempt; 0: now, and it counts as failed until it succeeded, so
        that many at once are no more than one after the other."""
        place = place_of(address)
        with self._lock:
            own = f"{place} {name}"
            wait_s = max(self._names.wait_s(own, now), self._addresses.wait_s(place, now))
            if not wait_s:
                self._names.failed(own, now)
                self._addresses.failed(place, now)
            return wait_s

    def succeeded(self, name: str, address: str) -> None:
        """The attempt that began was none of somebody who guesses."""
        place = place_of(address)
        with self._lock:
            self._names.succeeded(f"{place} {name}")
            self._addresses.taken_back(place)

    def not_tried(self, name: str, address: str) -> None:
        """The attempt that began came to nothing, by no fault of whoever made it."""
        place = place_of(address)
        with self._lock:
            self._names.taken_back(f"{place} {name}")
            self._addresses.taken_back(place)


def place_of(address: str) -> str:
    """What one visitor has: an address, of IPv6 a whole network of 64 bits (RFC 6177)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"
