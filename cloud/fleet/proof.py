"""`fleet proof`: whether a gateway's proof of watch holds, from the store or from exported files.

SHELL. Needs no broker, and with `--files` no store either. Exit status: 0 it holds; 1 something
does not, or it cannot be known. Called by `command`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from cloud.confirm.offline import CannotRun
from cloud.fleet.proof_report import KeyTrust, days_of, finding_json, page_of, stops_of
from cloud.settings import Settings
from contract.ids import CameraId, GatewayId, is_name
from contract.keys import watch_folder, watch_pin_key
from contract.possession import UNREADABLE, read_certificate
from contract.watch import MAX_WATCH_BYTES, WatchEntry
from contract.watch_binding import binding_flaw
from contract.watch_chain import CheckedWatch, WatchQuestion, check
from objectstore.inventory import open_inventory
from objectstore.store import NotFound, ObjectStore, PermanentStoreError, TooLarge, check_key
from service.clock import Clock

EXIT_FOUND = 1
_SUFFIX = ".json"
_KEY_BYTES = 200


def proof(
    options: argparse.Namespace,
    settings: Settings,
    open_store: Callable[[], ObjectStore],
    clock: Clock,
) -> tuple[int, Iterator[str]]:
    """The exit status, and what to print. Raises `CannotRun` and `StoreError`."""
    if not is_name(options.gateway):
        raise CannotRun(f"{options.gateway[:64]!r} is no gateway's id")
    gateway = GatewayId(options.gateway)
    pinned: tuple[str, ...] = ()
    if options.files is not None:
        found = _from_files(options.files)
    else:
        found, pinned = _from_store(gateway, settings, open_store())
    if options.export is not None:
        _export(found, options.export)
    question = WatchQuestion(
        gateway=gateway,
        keys=tuple(options.key) or pinned,
        flaw_of=_binding(options.authority),
        begin=options.begin,
        until=options.until or clock.now(),
        grace=timedelta(seconds=options.grace_s),
    )
    checked = check(found, question)
    camera = CameraId(options.camera) if options.camera else None
    trust = _trust(options, pinned)
    as_lines = _json if options.json else _text
    lines = as_lines(gateway, checked, camera, trust)
    return (EXIT_FOUND if checked.findings else 0), lines


def _from_store(
    gateway: GatewayId, settings: Settings, store: ObjectStore
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """All entries by key, and the key that was seen first."""
    found: dict[str, bytes] = {}
    for listed in open_inventory(settings.store or "").list(watch_folder(gateway)):
        if listed.key.endswith(_SUFFIX):
            entry = _entry_at(listed.key, store)
            if entry is not None:
                found[listed.key] = entry
    try:
        pinned = store.get(watch_pin_key(gateway), _KEY_BYTES).decode("ascii", "replace").split()
    except NotFound:
        pinned = []
    return found, tuple(pinned[:1])


def _entry_at(key: str, store: ObjectStore) -> bytes | None:
    """Empty for what no worker put there: a fault that is said, and hides none of the others."""
    try:
        check_key(key)
    except PermanentStoreError:
        return b""
    try:
        return store.get(key, MAX_WATCH_BYTES)
    except NotFound:
        return None
    except TooLarge:
        return b""


def _from_files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise CannotRun(f"{folder} is no folder with entries")
    files = sorted(file for file in folder.rglob(f"*{_SUFFIX}") if file.is_file())
    try:
        return {str(file.relative_to(folder)): _read(file) for file in files}
    except OSError as error:
        raise CannotRun(f"{folder} cannot be read: {error}") from error


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_WATCH_BYTES + 1)


def _export(found: Mapping[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in found.items():
            (folder / name.replace("/", "_")).write_bytes(content)
    except OSError as error:
        raise CannotRun(f"{folder} cannot be written: {error}") from error


def _authority(file: Path) -> x509.Certificate:
    try:
        return read_certificate(file.read_bytes())
    except (OSError, *UNREADABLE) as error:
        raise CannotRun(f"authority {file}: {error}") from error


def _binding(file: Path | None) -> Callable[[WatchEntry], str | None] | None:
    """What the gateway's certificates say of an entry, instead of the first key."""
    if file is None:
        return None
    authority = _authority(file)
    return lambda entry: binding_flaw(entry, authority)


def _trust(options: argparse.Namespace, pinned: tuple[str, ...]) -> KeyTrust:
    if options.authority is not None:
        return KeyTrust.CERTIFIED
    if options.key:
        return KeyTrust.NAMED
    return KeyTrust.FIRST_NOTED if pinned else KeyTrust.FIRST_FOUND


def _json(
    gateway: GatewayId, checked: CheckedWatch, camera: CameraId | None, trust: KeyTrust
) -> Iterator[str]:
    yield json.dumps(
        {
            "gateway": gateway,
            "camera": camera,
            "holds": not checked.findings,
            "entries": len(checked.entries),
            "keys": list(dict.fromkeys(entry.key for entry in checked.entries)),
            "trust": trust,
            "days": [day.as_json() for day in days_of(checked.entries, camera)],
            "stops": [stop.as_json() for stop in stops_of(checked.entries)],
            "findings": [finding_json(one) for one in checked.findings],
        }
    )


def _text(
    gateway: GatewayId, checked: CheckedWatch, camera: CameraId | None, trust: KeyTrust
) -> Iterator[str]:
    for line in page_of(checked, camera, trust):  # names and words in it may be anybody's
        yield "".join(one if one.isprintable() else "\ufffd" for one in line)
    for key in dict.fromkeys(entry.key for entry in checked.entries):
        yield f"key    {key}"
    number = len(checked.findings)
    said = "everything holds" if not number else f"{number} faults: the proof does not hold"
    yield f"{gateway}: {len(checked.entries)} entries, {said}"
