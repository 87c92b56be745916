"""Frigate's configuration in, ours out: what the tests of the import share."""

from __future__ import annotations

from typing import Any

import yaml

from bridge.config import parse as parse_bridge
from edge.config.load import read
from edge.frigate.translate import bridge_yaml, edge_yaml

SQUARE = [[0.25, 0.5], [0.75, 0.5], [0.75, 1.0], [0.25, 1.0]]


def imported(text: str, **environ: str) -> dict[str, Any]:
    """The camera `front` as it stands here; the whole is valid."""
    told = edge_yaml(text.encode(), environ)
    read(told.encode(), {})
    front: dict[str, Any] = yaml.safe_load(told)["cameras"]["front"]
    return front


def remarks(text: str) -> str:
    """All remarks on one line, for words that may be wrapped."""
    lines = edge_yaml(text.encode(), {}).splitlines()
    return " ".join(line.strip().removeprefix("##").strip() for line in lines if "##" in line)


def source(text: str, **environ: str) -> dict[str, Any]:
    """The camera `front` as the bridge gets it; the bridge takes the whole."""
    told = bridge_yaml(text.encode(), environ)
    parse_bridge(told, "told")
    found: dict[str, Any] = yaml.safe_load(told)["cameras"].get("front", {})
    return found


def with_detect(body: str, detect: str = "{width: 640, height: 480}") -> str:
    return f"cameras:\n  front:\n    detect: {detect}\n    {body}\n"


def camera(path: str, more: str = "") -> str:
    return (
        f"cameras: {{front: {{ffmpeg: {{inputs: [{{path: '{path}', roles: [detect]}}]}}}}}}{more}"
    )


def printed_for_the_bridge(path: str, **environ: str) -> str:
    """Its words, wherever lines were broken."""
    return " ".join(bridge_yaml(camera(path).encode(), environ).replace("##", "").split())
