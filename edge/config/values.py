"""What every section of the configuration is made of: the base and the common kinds of values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contract.ids import is_name
from contract.topics import ImageTemplate

KEY_PREFIX = "ed25519:"
"""Of a public key that stands in the configuration itself; see `contract.signature`."""

_KEY_TEXT = re.compile(r"ed25519:[A-Za-z0-9+/]{43}=")


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(f"{value!r} is not 1 to 64 of a-z 0-9 _ -")
    return value


def _template(value: str) -> str:
    return ImageTemplate(value).text


def _public_key(value: str) -> str:
    if not value or (value.startswith(KEY_PREFIX) and not _KEY_TEXT.fullmatch(value)):
        raise ValueError(f"{value!r} is neither a file nor ed25519: and 32 bytes in base64")
    return value


Name = Annotated[str, AfterValidator(_name)]
Template = Annotated[str, AfterValidator(_template)]
Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Share, Share]
PublicKey = Annotated[str, AfterValidator(_public_key)]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
