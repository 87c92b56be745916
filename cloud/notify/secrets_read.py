"""Secrets, from where the settings say that they stand.

SHELL. Read when a destination is built, so a missing one is said at the start, and by
`check-config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cloud.notify.destination_settings import SecretSource
from cloud.settings import SettingsError

_MAX_BYTES = 65_536


def read_secret(source: SecretSource, environ: Mapping[str, str], what: str) -> bytes:
    """The secret without line ends around it; raises `SettingsError` for `what`."""
    if source.env is not None:
        value = environ.get(source.env, "")
        if not value.strip():
            raise SettingsError(f"{what}: the variable {source.env} is not set")
        return value.strip().encode()
    file = source.file or Path()
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES).strip()
    except OSError as error:
        raise SettingsError(f"{what}: {file} cannot be read: {error.strerror}") from error
    if not content:
        raise SettingsError(f"{what}: {file} is empty")
    return content
