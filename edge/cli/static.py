"""`edge static`: shows what is remembered of objects that stand there, and forgets it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from edge.config.live import begin
from edge.static_objects.listing import Listed, NoMemory, StaticError, forget, listed

REFUSALS: Mapping[type[Exception], str] = {StaticError: "static objects"}


def command(options: argparse.Namespace) -> int:
    """Lists or forgets; an object or a memory that is not there is exit status 1."""
    try:
        return _act(options)
    except NoMemory as error:
        print(error, file=sys.stderr)
        return 1


def _act(options: argparse.Namespace) -> int:
    folder = begin(options.config, os.environ).loaded.config.deliver.outbox.path
    if options.action == "list":
        objects = listed(folder, options.camera)
        for one in objects:
            print(json.dumps(_facts(one)) if options.json else _words(one))
        if options.pictures is not None:
            _draw(objects, options.pictures)
        return 0
    camera, _, number = (options.id or options.camera or "").partition("/")
    if options.id and not number:
        raise StaticError(f"{options.id!r} names no object: give camera/number, as `list` does")
    count = forget(folder, camera=camera or None, id_=number or None)
    print(f"forgotten: {count}")
    return 0 if count or not options.id else 1


def _words(one: Listed) -> str:
    obj = one.static_object
    states = [
        "static" if obj.static else "",
        f"refuted {obj.refuted} times" if obj.refuted else "",
        f"reported by {', '.join(obj.reported_by)}" if obj.reported_by else "",
    ]
    box = " ".join(f"{value:.3f}" for value in obj.box)
    return (
        f"{one.id}  {obj.label}  {', '.join(state for state in states if state)}  box {box}  "
        f"first {obj.first_seen_at:%Y-%m-%d %H:%M}  last {obj.last_seen_at:%Y-%m-%d %H:%M}  "
        f"seen {obj.hits} times  alarms suppressed {obj.suppressed}"
    )


def _facts(one: Listed) -> dict[str, object]:
    obj = one.static_object
    return {
        "id": one.id,
        "camera": one.camera,
        "group": obj.group,
        "label": obj.label,
        "box": [round(value, 4) for value in obj.box],
        "static": obj.static,
        "refuted": obj.refuted,
        "reported_by": list(obj.reported_by),
        "first_seen_at": obj.first_seen_at.isoformat(),
        "last_seen_at": obj.last_seen_at.isoformat(),
        "hits": obj.hits,
        "suppressed": obj.suppressed,
        "appearances": len(obj.appearances),
    }


def _draw(objects: tuple[Listed, ...], folder: Path) -> None:
    """The appearances of each object side by side, as `<camera>-<number>.png`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in objects:
            strip = np.hstack([appearance.patch for appearance in one.static_object.appearances])
            encoded = cv2.imencode(".png", strip)[1].tobytes()
            (folder / f"{one.camera}-{one.static_object.id}.png").write_bytes(encoded)
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)
