"""`edge static`: shows what is remembered of things that stand there, and forgets it."""

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

REFUSALS: Mapping[type[Exception], str] = {StaticError: "static things"}


def command(options: argparse.Namespace) -> int:
    """Lists or forgets; a thing or a memory that is not there is exit status 1."""
    try:
        return _act(options)
    except NoMemory as error:
        print(error, file=sys.stderr)
        return 1


def _act(options: argparse.Namespace) -> int:
    folder = begin(options.config, os.environ).loaded.config.deliver.outbox.path
    if options.action == "list":
        things = listed(folder, options.camera)
        for one in things:
            print(json.dumps(_facts(one)) if options.json else _words(one))
        if options.pictures is not None:
            _draw(things, options.pictures)
        return 0
    camera, _, number = (options.id or options.camera or "").partition("/")
    if options.id and not number:
        raise StaticError(f"{options.id!r} names no thing: give camera/number, as `list` does")
    count = forget(folder, camera=camera or None, id_=number or None)
    print(f"forgotten: {count}")
    return 0 if count or not options.id else 1


def _words(one: Listed) -> str:
    thing = one.thing
    states = [
        "static" if thing.static else "",
        f"refuted {thing.refuted} times" if thing.refuted else "",
        f"told by {', '.join(thing.told)}" if thing.told else "",
    ]
    box = " ".join(f"{value:.3f}" for value in thing.box)
    return (
        f"{one.id}  {thing.label}  {', '.join(state for state in states if state)}  box {box}  "
        f"first {thing.first_seen_at:%Y-%m-%d %H:%M}  last {thing.last_seen_at:%Y-%m-%d %H:%M}  "
        f"seen {thing.hits} times  alarms kept back {thing.withheld}"
    )


def _facts(one: Listed) -> dict[str, object]:
    thing = one.thing
    return {
        "id": one.id,
        "camera": one.camera,
        "group": thing.group,
        "label": thing.label,
        "box": [round(value, 4) for value in thing.box],
        "static": thing.static,
        "refuted": thing.refuted,
        "told": list(thing.told),
        "first_seen_at": thing.first_seen_at.isoformat(),
        "last_seen_at": thing.last_seen_at.isoformat(),
        "hits": thing.hits,
        "withheld": thing.withheld,
        "looks": len(thing.looks),
    }


def _draw(things: tuple[Listed, ...], folder: Path) -> None:
    """The looks of each thing side by side, as `<camera>-<number>.png`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in things:
            strip = np.hstack([look.patch for look in one.thing.looks])
            encoded = cv2.imencode(".png", strip)[1].tobytes()
            (folder / f"{one.camera}-{one.thing.id}.png").write_bytes(encoded)
    except OSError as error:
        print(f"{folder}: {error.strerror}", file=sys.stderr)
