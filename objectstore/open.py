"""An object store from its one-line description, as command lines and settings spell it.

`dir:PATH`, or `s3:BUCKET?key=value&..` with the keys `endpoint_url`, `region`, `credentials_file`,
`timeout_s`, `ca_file`, `addressing_style`, `checksums` and `conditional_puts`, each optional.
Called by the command lines of edge, cloud and tools.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

from objectstore.s3_client import AddressingStyle, Checksums, S3Settings
from objectstore.store import PermanentStoreError, ResumableStore
from objectstore.store_dir import DirectoryStore
from objectstore.store_s3 import S3Store

_KEYS = (
    *("endpoint_url", "region", "credentials_file", "timeout_s"),
    *("ca_file", "addressing_style", "checksums", "conditional_puts"),
)
_FORMS = f"use dir:PATH or s3:BUCKET?key=value&.. with the keys {', '.join(_KEYS)}"
_STYLES: dict[str, AddressingStyle | None] = {"": None, "path": "path", "virtual": "virtual"}
_CHECKSUMS: dict[str, Checksums] = {"sha256": "sha256", "md5": "md5", "none": "none"}
_SWITCH = {"true": True, "false": False}


def open_store(spec: str) -> ResumableStore:
    """The store that `spec` describes; raises `PermanentStoreError` if it describes none."""
    match read_spec(spec):
        case Path() as folder:
            return DirectoryStore(folder)
        case s3:
            return S3Store(s3)


def read_spec(spec: str) -> Path | S3Settings:
    """The folder or the bucket that `spec` names; raises `PermanentStoreError` if it names none."""
    kind, _, rest = spec.partition(":")
    match kind:
        case "dir" if rest:
            return Path(rest)
        case "s3" if rest:
            return read_s3(rest)
        case _:
            raise PermanentStoreError(f"store {spec!r} is not understood: {_FORMS}")


def read_s3(text: str) -> S3Settings:
    """The settings in `BUCKET?key=value&..`; raises `PermanentStoreError`."""
    bucket, _, query = text.partition("?")
    try:
        pairs = dict(parse_qsl(query, strict_parsing=True)) if query else {}
        timeout_s = float(pairs.get("timeout_s", "10"))
        style = _STYLES[pairs.get("addressing_style", "")]
        checksums = _CHECKSUMS[pairs.get("checksums", "sha256")]
        conditional_puts = _SWITCH[pairs.get("conditional_puts", "true").lower()]
    except (ValueError, KeyError) as error:
        raise PermanentStoreError(
            f"store s3:{text} is not understood: {error}; {_FORMS}"
        ) from error
    unknown = sorted(pairs.keys() - set(_KEYS))
    if unknown or not bucket or not timeout_s > 0:
        raise PermanentStoreError(f"store s3:{text} is not understood ({unknown}): {_FORMS}")
    files = {
        name: Path(pairs[name]) if name in pairs else None
        for name in ("credentials_file", "ca_file")
    }
    return S3Settings(
        bucket=bucket,
        endpoint_url=pairs.get("endpoint_url"),
        region=pairs.get("region", "us-east-1"),
        credentials_file=files["credentials_file"],
        timeout_s=timeout_s,
        ca_file=files["ca_file"],
        addressing_style=style,
        checksums=checksums,
        conditional_puts=conditional_puts,
    )
