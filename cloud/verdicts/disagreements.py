"""`python -m cloud disagreements`: verdicts on which the networks disagreed, to be labelled.

SHELL (lists and reads the object store, writes a folder). What networks disagree on is worth most
to whoever labels pictures: they know the rest already. Each verdict is a JSON line with the keys of
its pictures. With a folder, the pictures lie there too, each held against its hash, with
`labels.jsonl` to be filled in, and `sheet.jpg`, which shows them at a glance. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from cloud.confirm.decision import DISAGREE
from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from cloud.verdicts.entry import LedgerEntry
from cloud.verdicts.stock import gateways_in, read_stock
from contract.ids import GatewayId
from imaging.admission import PictureLimits, Rejected, inspect
from imaging.crop import reduced
from imaging.decode import decode
from imaging.detections import Image
from objectstore.inventory import open_inventory
from objectstore.store import NotFound, ObjectStore, TooLarge

_TILE_PX = 200
_ON_SHEET = 60
"""Verdicts; the newest, since a sheet of more is not looked at."""

_SHOWN = 4
"""Pictures of one verdict on the sheet: a view, two crops, one that was asked for."""


def list_disagreements(
    options: argparse.Namespace, settings: Settings, spec: str, store: ObjectStore
) -> int:
    """Prints them, the newest first, and what was counted; 0."""
    since = _moment(options.since)
    counts: Counter[str] = Counter()
    found = sorted(_found(options, settings, spec, store, counts), key=_age)
    recent = [one for one in found if since is None or one.decided_at >= since]
    chosen = recent[: max(0, options.most)]
    lines = [_line(one) for one in chosen]
    if options.out is not None:
        _write(options.out, chosen, lines, store, settings.limits.of_picture(), counts)
    for line in lines:
        print(json.dumps(line), flush=True)  # noqa: T201, it is what the subcommand is for
    said = {"disagreements": len(chosen), **counts}
    print(json.dumps(said), file=sys.stderr)  # noqa: T201
    return 0


def disagreement_of(entry: LedgerEntry) -> str | None:
    """The reason that says so, if there is one."""
    return next((reason for reason in entry.reasons if reason.startswith(DISAGREE)), None)


def _found(
    options: argparse.Namespace,
    settings: Settings,
    spec: str,
    store: ObjectStore,
    counts: Counter[str],
) -> Iterator[LedgerEntry]:
    inventory, keyring = open_inventory(spec), open_keys(settings).keyring
    chosen = [GatewayId(options.gateway)] if options.gateway else gateways_in(inventory)
    for gateway in chosen:
        stock = read_stock(gateway, inventory, store, keyring)
        counts["verdicts"] += len(stock.verdicts)
        counts["refused"] += len(stock.refused)
        yield from (one for one in stock.verdicts.values() if disagreement_of(one))


def _age(entry: LedgerEntry) -> tuple[float, str]:
    return -entry.decided_at.timestamp(), entry.report_id


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"--since {text!r} is no date or time") from error
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(entry: LedgerEntry) -> dict[str, object]:
    return {
        "report_id": entry.report_id,
        "camera": entry.camera,
        "decided_at": entry.decided_at.isoformat(),
        "decision": entry.decision,
        "label": entry.label,
        "score": entry.score,
        "reason": disagreement_of(entry),
        "pictures": [picture.key for picture in entry.pictures],
    }


def _write(
    folder: Path,
    entries: Sequence[LedgerEntry],
    lines: Sequence[Mapping[str, object]],
    store: ObjectStore,
    limits: PictureLimits,
    counts: Counter[str],
) -> None:
    """The folder to label in; what was filled in there before is not overwritten."""
    labels = folder / "labels.jsonl"
    if labels.exists():
        raise SettingsError(f"{labels} is there already: give another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows, written = list[Image](), list[str]()
        for entry, line in zip(entries, lines, strict=True):
            files = _pictures(folder, entry, store, limits, counts)
            written.append(
                json.dumps({"truth": None, **line, "files": [name for name, _ in files]})
            )
            if len(rows) < _ON_SHEET:
                rows.append(_row(entry, [image for _, image in files]))
        labels.write_text("".join(f"{text}\n" for text in written), encoding="utf-8")
        if rows:
            cv2.imwrite(str(folder / "sheet.jpg"), np.vstack(rows))
    except OSError as error:
        raise SettingsError(f"--out {folder} cannot be written: {error.strerror}") from error


def _pictures(
    folder: Path,
    entry: LedgerEntry,
    store: ObjectStore,
    limits: PictureLimits,
    counts: Counter[str],
) -> list[tuple[str, Image]]:
    """Those that are what the verdict says, written under the verdict's name."""
    files = []
    for number, picture in enumerate(entry.pictures):
        try:
            body = store.get(picture.key, limits.max_bytes)
        except (NotFound, TooLarge):
            counts["pictures_gone"] += 1
            continue
        header = inspect(body, limits)
        same = hashlib.sha256(body).hexdigest() == picture.sha256
        image = header if isinstance(header, Rejected) else decode(body, header)
        if isinstance(image, Rejected) or not same:
            counts["pictures_unusable"] += 1
            continue
        name = f"{entry.report_id}-{number}{Path(picture.key).suffix}"
        (folder / name).write_bytes(body)
        files.append((name, image))
    return files


def _row(entry: LedgerEntry, images: Sequence[Image]) -> Image:
    """Words, and the pictures side by side under them."""
    row = np.full((_TILE_PX + 36, _SHOWN * _TILE_PX, 3), 255, np.uint8)
    words = (
        f"{entry.report_id}: {entry.decision} {entry.label} {entry.score:.2f}",
        (disagreement_of(entry) or "").removeprefix(DISAGREE),
    )
    for line, text in enumerate(words):
        cv2.putText(row, text, (4, 14 + 16 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    for number, image in enumerate(images[:_SHOWN]):
        small = reduced(image, _TILE_PX)
        left = number * _TILE_PX
        row[36 : 36 + small.shape[0], left : left + small.shape[1]] = small
    return row
