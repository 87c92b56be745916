"""Where pictures come from, as `cameras.<id>.source` names it: taken apart, or refused.

PURE. An allowlist: only the schemes below, a host of letters and digits, printable ASCII without
blanks. What passes is never given to a shell, and to FFmpeg as the one URL to open, beside options
that are ours alone. A user or password within a URL is refused: they belong into a file. Called by
`config` and by whoever opens a source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote, urlsplit

MAX_CHARACTERS = 2048
"""Of a URL: longer ones are refused by many servers, too."""

Scheme = Literal["rtsp", "rtsps", "http", "https", "onvif", "onvifs"]

_SCHEMES: dict[str, Scheme] = {name: name for name in get_args(Scheme)}
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")
_LABELS = re.compile(r"[^.]{1,63}(?:\.[^.]{1,63})*|.*:.*")
"""What lies between the dots of a name; resolving another one raises."""
_FORBIDDEN = re.compile(r"""["'<>\\^`{|}]""")
"""No URL needs them unencoded, and shells and FFmpeg's own syntax do."""

KNOWN = (
    "rtsp://, rtsps://, http://, https://, onvif://, onvifs:// or folder:PATH, or is ftp-upload or "
    "smtp-upload"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A camera's address, without user and password."""

    scheme: Scheme
    host: str
    port: int | None
    path: str

    def text(self, username: str | None = None, password: str | None = None) -> str:
        """As it is opened; user and password are percent-encoded into it."""
        user = quote(username, safe="") if username else ""
        if user and password is not None:
            user += f":{quote(password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{user}{'@' if user else ''}{host}{port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory into which something else writes pictures."""

    path: Path


Upload = Literal["ftp-upload", "smtp-upload"]
"""The camera brings its pictures by itself."""

Address = Url | Folder | Upload


def parse_address(text: str) -> Address:
    """What `text` names; raises `ValueError`, whose words quote nothing that may be a secret."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a source of {len(text)} characters; at most {MAX_CHARACTERS}")
    if text in ("ftp-upload", "smtp-upload"):
        return "ftp-upload" if text == "ftp-upload" else "smtp-upload"
    if text.startswith("folder:"):
        return _folder(text.removeprefix("folder:"))
    scheme = _SCHEMES.get(text.partition("://")[0].lower())
    if scheme is None or "://" not in text:
        raise ValueError(f"a source begins with {KNOWN}")
    return _url(scheme, text)


def _folder(path: str) -> Folder:
    if not path or not path.isprintable():
        raise ValueError("folder: needs the path of a directory behind it")
    return Folder(path=Path(path))


def _url(scheme: Scheme, text: str) -> Url:
    if not _PRINTABLE.fullmatch(text) or _FORBIDDEN.search(text):
        raise ValueError("a source has only printable ASCII, no blanks or quotes: encode it (%20)")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("the source's host or port is malformed") from error
    if "@" in parts.netloc:
        raise ValueError("user and password stand in the source: use username and password_file")
    if not (_HOST.fullmatch(host) and _LABELS.fullmatch(host)) or port == 0:
        raise ValueError("the source's host is no host name or address")
    if parts.fragment or "#" in text:
        raise ValueError("a source has no #: encode it (%23)")
    query = f"?{parts.query}" if parts.query else ""
    return Url(scheme=scheme, host=host, port=port, path=f"{parts.path or '/'}{query}")
