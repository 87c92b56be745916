"""What every section of the configuration is made of: the base and the common kinds of values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from contract.topics import ImageTemplate
from service.sections import Name, Section, Share

__all__ = [
    "KEY_PREFIX",
    "ImageTopics",
    "Name",
    "OwnTopic",
    "PublicKey",
    "Section",
    "Share",
]

KEY_PREFIX = "ed25519:"
"""Of a public key that stands in the configuration itself; see `contract.signature`."""

_KEY_TEXT = re.compile(r"ed25519:[A-Za-z0-9+/]{43}=")


def _public_key(value: str) -> str:
    if not value or (value.startswith(KEY_PREFIX) and not _KEY_TEXT.fullmatch(value)):
        raise ValueError(f"{value!r} is neither a file nor ed25519: and 32 bytes in base64")
    return value


def _image_topics(value: str) -> str:
    return ImageTemplate(value).text


def _own_topic(value: str) -> str:
    if ImageTemplate(value).names_camera:
        raise ValueError(f"{value!r} holds {{camera}}: here the camera's own topic is meant")
    return value


ImageTopics = Annotated[str, AfterValidator(_image_topics)]
"""A template with `{camera}`, or a topic of several cameras that name themselves in JSON."""
OwnTopic = Annotated[str, AfterValidator(_own_topic)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
