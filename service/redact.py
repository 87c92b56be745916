"""What must not stand in logs, errors and listings: passwords within URLs, values of secret names.

PURE. Errs towards too much: what looks like a user and password before a host is left out. Called
by `events`, the command lines and `check-config`.
"""

from __future__ import annotations

import re

MASKED = "[masked]"

_SECRET_NAME = re.compile(
    r"passw|pwd|psw$|^pass$|loginpas|secret|token|credential|authorization|signature|api_?key|access_?key",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=//)[^\s/?#'\"<>]{0,512}@|(?<=//)[^\s'\"<>:]{0,256}:[^\s'\"<>]{0,256}@")
"""The first as URLs are spelled; the second with a `/` in a password that nobody encoded. Bounded,
so that a long hostile text costs no more than its length."""
_ENCODED_USERINFO = re.compile(r"(?<=%2f%2f)[^\s&'\"]{0,512}%40", re.IGNORECASE)
"""As a URL stands within another one's query, which is how a store is described."""
_QUERY = re.compile(r"(?<=[?&;])([^=&;\s'\"?]+)=([^&;\s'\"]*)")
_PATH = re.compile(r"(?<=[/_])(passw(?:or)?d|pwd)=[^_&;/\s'\"?]*", re.IGNORECASE)
"""As many recorders want it: `rtsp://host/user=NAME_password=WORD_channel=1.sdp`."""
_HEADER = re.compile(r"\b(bearer|basic)\s+[\w.+/=~-]{8,}", re.IGNORECASE)


def names_secret(name: str) -> bool:
    """Whether a value of this name is nobody's business; a file's name is no secret."""
    return _SECRET_NAME.search(name) is not None and not name.lower().endswith("_file")


def redacted(text: str) -> str:
    """`text` without what looks like a secret."""
    text = _USERINFO.sub(f"{MASKED}@", text)
    text = _ENCODED_USERINFO.sub(f"{MASKED}%40", text)
    text = _PATH.sub(rf"\1={MASKED}", text)
    text = _HEADER.sub(rf"\1 {MASKED}", text)
    return _QUERY.sub(_without_value, text)


def redacted_value(name: str, value: object) -> object:
    """`value`, which stands under `name`, without what looks like a secret, however deep."""
    if names_secret(name):
        return MASKED
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {key: redacted_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        inner = [redacted_value("", one) for one in value]
        return tuple(inner) if isinstance(value, tuple) else inner
    return value


def _without_value(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    return f"{name}={MASKED if names_secret(name) else value}"
