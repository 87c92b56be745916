"""What every section of the configuration is made of: the base and the common kinds of values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from service.sections import Name, Section, Share, Template

__all__ = ["KEY_PREFIX", "Name", "PublicKey", "RelativePoint", "Section", "Share", "Template"]

KEY_PREFIX = "ed25519:"
"""Of a public key that stands in the configuration itself; see `contract.signature`."""

_KEY_TEXT = re.compile(r"ed25519:[A-Za-z0-9+/]{43}=")


def _public_key(value: str) -> str:
    if not value or (value.startswith(KEY_PREFIX) and not _KEY_TEXT.fullmatch(value)):
        raise ValueError(f"{value!r} is neither a file nor ed25519: and 32 bytes in base64")
    return value


RelativePoint = tuple[Share, Share]
PublicKey = Annotated[str, AfterValidator(_public_key)]
