"""Passwords: how long they must be, and their argon2 hashes.

SHELL, for it takes 64 MB and some tens of milliseconds a hash: never more than two at once, so that
many who try at once wait for each other instead of filling the memory, and only some may wait: each
holds one of the threads that serve pages. Called by `accounts`.
"""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARS = 12
MOST_CHARS = 256
_AT_ONCE = 2
WAITING = 8
"""Who tries and is being looked at included."""

_hasher = PasswordHasher()
_waiting = threading.BoundedSemaphore(WAITING)
_turns = threading.BoundedSemaphore(_AT_ONCE)
_NOBODYS = _hasher.hash("nobody has this password, it only takes as long")


class TooManyPasswords(Exception):
    """So many are looked at already that this one is not."""


def objection(password: str, name: str) -> str | None:
    """Why it cannot be taken, in words; None if it can."""
    if not LEAST_CHARS <= len(password) <= MOST_CHARS:
        return f"a password has {LEAST_CHARS} to {MOST_CHARS} characters, this has {len(password)}"
    if name.lower() in password.lower() or len(set(password)) < 5:
        return "this password is too easy to guess: no name in it, at least five different signs"
    return None


def hash_of(password: str) -> str:
    """What is stored."""
    with _turns:
        return _hasher.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Whether it is the one; takes as long for who has none. Raises `TooManyPasswords`."""
    if len(password) > MOST_CHARS:
        return False
    if not _waiting.acquire(blocking=False):
        raise TooManyPasswords
    try:
        with _turns:
            return _hasher.verify(stored or _NOBODYS, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _waiting.release()
