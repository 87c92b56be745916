"""The address of a database with its password, which stands in a file of its own.

PURE but for that file. Called by `database`, and for the console's accounts.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


class AddressError(Exception):
    """No address that can be used; the text says why, and repeats no password."""


def database_address(url: str, password_file: Path | None = None) -> URL:
    """`sqlite:///FILE` or `postgresql://…`, the latter with its driver and password."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise AddressError(f"{url!r} is no address of a database") from error
    match parsed.get_backend_name():
        case "sqlite":
            return parsed
        case "postgresql":
            password = _password(password_file)
            parsed = parsed.set(drivername="postgresql+psycopg")
            return parsed if password is None else parsed.set(password=password)
        case other:
            raise AddressError(f"{other!r}: use sqlite:///FILE or postgresql://HOST/NAME")


def _password(file: Path | None) -> str | None:
    try:
        return None if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AddressError(f"password file {file} cannot be read: {error}") from error
