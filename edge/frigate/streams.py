"""Frigate's inputs and go2rtc's streams as sources for the bridge.

PURE. The stream with the role `detect` is taken; where it comes from Frigate's own go2rtc, the
camera behind it. No password is ever repeated: user and password go out of the URL, and the
password is named by file. Called by `translate`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from edge.config.parse import Data
from edge.frigate.document import Notes, Path, filled, is_host, number, texts, under
from service.redact import redacted

_RESTREAM = re.compile(
    r"rtsp://(?:[^/?#]*@)?(127\.0\.0\.1|localhost|\[::1\]|[^/?#]+):8554/([^?#]+)(?:[?#].*)?"
)
"""go2rtc's own port; people name it by the machine's address as well as by loopback."""

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_URL = re.compile(r"(rtsps?|rtspx|https?)://(?:([^/?#]*)@)?([^/?#@]+)([^#]*)(#.*)?", re.IGNORECASE)
_UNFIT = re.compile(r"[^!-~]|[\"'<>\\^`{|}]")

_KINDS = "rtsp, rtsps, http (a snapshot or MJPEG) and https are taken: see docs/bridge-config.md"
_WITHIN = "a password stands within its path: take the camera's RTSP with a user before the host"
_ENCODE = "a password with / # or @ has to be percent-encoded, and other characters of a URL too"
_VARIABLE_WITHIN = (
    "a variable stands within its path and may be secret: write the source in yourself"
)
_PLACEHOLDER = "it has a placeholder that is not Frigate's: write the source in yourself"
_UNVERIFIED = (
    "Frigate's FFmpeg checks no certificate and the bridge does: name who signed it by ca_file, or "
    "set verify_tls: false"
)
_MALFORMED = "its host or port is malformed"
_MOST_CHARS, _MOST_OF_A_USER = 2048, 255
"""More the bridge does not take."""
_TOO_LONG = "its address or user is too long"
_BEHIND = "go2rtc brings its pictures from what the bridge does not speak: let go2rtc run on"


@dataclass(frozen=True, slots=True)
class _Url:
    """A camera's address without user and password."""

    text: str
    user: str
    has_password: bool
    verified: bool
    missing: Sequence[str]


def source_of(
    camera: object,
    id_: str,
    path: Path,
    streams: Mapping[str, object],
    variables: Mapping[str, str],
    notes: Notes,
) -> Data | None:
    """The keys of the camera in the bridge's configuration; None with a remark if there are none.

    `streams` are go2rtc's, `variables` what `{FRIGATE_...}` stands for.
    """
    where = (*path, "ffmpeg", "inputs")
    chosen = _detecting(under(camera, "ffmpeg", "inputs"))
    text = str(under(chosen, "path") or under(camera, "ffmpeg", "input"))  # before version 0.7
    restream = _RESTREAM.fullmatch(text)
    if restream is not None:
        direct = _resolved(restream[2], streams, variables, ())
        if direct is None and (restream[1] in _LOOPBACK or restream[2] in streams):
            notes.remark(where, _BEHIND)
        text = direct or text
    url = _url(text, variables)
    if isinstance(url, str):
        notes.remark(where, f"no source for the bridge: {url}")
        return None
    source: Data = {"source": url.text}
    if not url.verified:
        source["verify_tls"] = False
    elif url.text.startswith("rtsps:"):
        notes.remark(where, _UNVERIFIED)
    if url.missing:
        unset = ", ".join(url.missing)
        notes.remark(where, f"{unset} is not set here: add username and password_file")
    elif url.user:
        source["username"] = unquote(url.user)
        if url.has_password:
            source["password_file"] = f"/etc/stillwatch/{id_}-password"
    elif url.has_password:
        notes.remark(where, "a password without a user: add username and password_file")
    return source | _pace(camera, chosen)


def _pace(camera: object, chosen: object) -> Data:
    """How many pictures, how wide, over which transport; before version 0.9 the first two stood
    beside `detect`."""
    keys: Data = {}
    fps, width = (
        number(under(camera, "detect", key)) or number(under(camera, key))
        for key in ("fps", "width")
    )
    if fps is not None and 0 < fps <= 30:
        keys["rate_fps"] = fps
    if width is not None and 64 <= width <= 4096:
        keys["width_px"] = int(width)
    if "udp" in str(under(chosen, "input_args") or under(camera, "ffmpeg", "input_args")):
        keys["transport"] = "udp"
    return keys


def _detecting(inputs: object) -> object:
    """The input with the role `detect`; the only one has it anyway."""
    listed = inputs if isinstance(inputs, list) else []
    fitting = [one for one in listed if "detect" in texts(under(one, "roles"))]
    return next(iter(fitting or listed), None)


def _resolved(
    name: str, streams: Mapping[str, object], variables: Mapping[str, str], seen: tuple[str, ...]
) -> str | None:
    """The first source of a stream that is a URL, through `ffmpeg:` and others' names."""
    if name in seen:
        return None
    value = streams.get(name)
    for one in value if isinstance(value, list) else [value]:
        source = str(one).removeprefix("ffmpeg:")
        if _URL.fullmatch(source) or _URL.fullmatch(filled(source, variables)[0]):
            return source
        deeper = _resolved(source.partition("#")[0], streams, variables, (*seen, name))
        if deeper is not None:
            return deeper
    return None


def _url(text: str, variables: Mapping[str, str]) -> _Url | str:
    """Taken apart, or why the bridge cannot take it; the words quote nothing that may be secret.

    Variables are filled in part by part, so that no password can shift what is host or path.
    """
    match = _URL.fullmatch(text) or _URL.fullmatch(filled(text, variables)[0])
    if match is None:
        return _KINDS
    scheme, user_info, host, rest, options = match.groups("")
    if filled(rest, {})[1]:
        return _VARIABLE_WITHIN
    user, colon, _ = user_info.partition(":")
    loose = scheme.lower() == "rtspx"  # go2rtc's word for TLS with any certificate
    plain, unset = filled(f"{'rtsps' if loose else scheme.lower()}://{host}{rest}", variables)
    if unset:
        return f"{', '.join(unset)} is not set here: import again with it in the environment"
    filled_user, missing = filled(user, variables)
    unfit = _unfit(plain, rest + options, "" if missing else filled_user)
    return unfit or _Url(plain, filled_user, bool(colon), not loose, missing)


def _unfit(url: str, behind_host: str, user: str) -> str | None:
    """Why the bridge would refuse an address without user and password, or the user."""
    if redacted(url) != url:
        return _WITHIN
    if "{" in url or "{" in user:
        return _PLACEHOLDER
    if "@" in behind_host or _UNFIT.search(url):
        return _ENCODE
    if not _names_host(url):
        return _MALFORMED
    too_long = len(url) > _MOST_CHARS or len(unquote(user)) > _MOST_OF_A_USER
    return _TOO_LONG if too_long else None


def _names_host(url: str) -> bool:
    """Whether host and port are such as can be."""
    try:
        parts = urlsplit(url)
        return is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        return False
