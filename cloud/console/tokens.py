"""Secrets that people carry, and what the server keeps and signs instead of them.

PURE. Of a session or a one-time link only the hash is stored, so whoever reads the database can use
neither. Signatures are HMAC-SHA256 with the console's key over a purpose and parts, joined so that
no two lists of parts give the same text. Called by `accounts`, `forms` and `evidence_links`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets

KEY_BYTES = 32


def new_token() -> str:
    """256 bits by chance, fit for a URL or a cookie."""
    return secrets.token_urlsafe(KEY_BYTES)


def kept_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def signature(key: bytes, purpose: str, *parts: str) -> str:
    """In hex; one `purpose` never stands for another."""
    text = json.dumps([purpose, *parts]).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def is_signed(key: bytes, given: str, purpose: str, *parts: str) -> bool:
    """Whether `given` is the signature, compared in constant time."""
    expected = signature(key, purpose, *parts)
    return hmac.compare_digest(expected.encode(), given.encode())
