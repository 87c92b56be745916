"""`edge check-config`: the effective configuration with the origin of each value, or its faults.
The text names each value's origin and what memory they may take.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from edge.config.footprint import MB, Estimate, typical, worst_case
from edge.config.load import Loaded, leaves, load
from edge.daemon.connections import open_keyring
from edge.errors import ConfigError, ConfigProblem
from service.redact import redacted, redacted_value

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints; raises `ConfigError` with every fault."""
    loaded = load(options.config, os.environ)
    open_keyring(loaded.config)
    print(explain(loaded))
    return 0


def check(path: Path | None, environ: Mapping[str, str]) -> tuple[str, int]:
    """The text to print and the exit status: 0, or 78 with every problem."""
    try:
        return explain(load(path, environ)), 0
    except ConfigError as error:
        return refuse(str(path or "the environment"), error.problems), os.EX_CONFIG


def explain(loaded: Loaded) -> str:
    """Every key with its value and origin, then what memory it may take."""
    values = {key: _short(key, value) for key, value in leaves(loaded.config).items()}
    widest = max(len(key) for key in values)
    rows = [f"{key:<{widest}}  {loaded.origins[key]:<11}  {value}" for key, value in values.items()]
    head = f"configuration {loaded.version} is valid (sha256 {loaded.sha256})"
    return "\n".join([head, "", *rows, "", _memory(loaded), ""])


def refuse(source: str, problems: tuple[ConfigProblem, ...]) -> str:
    """Every problem, one a line."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = (f"  {redacted(str(problem))}" for problem in problems)
    return "\n".join([f"{source}: {count}", *lines, ""])


def _short(key: str, value: object) -> str:
    value = redacted_value(key.rpartition(".")[2], value)
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _memory(loaded: Loaded) -> str:
    worst, usual = worst_case(loaded.config), typical(loaded.config)
    rows = [
        f"  {name:<11} {_mb(size):>9} {_mb(usual.parts[name]):>9}"
        for name, size in worst.parts.items()
    ]
    head = f"  {'memory, MB':<11} {'at worst':>9} {'typical':>9}"
    foot = f"  {'together':<11} {_total(worst):>9} {_total(usual):>9}"
    return "\n".join([head, *rows, foot, "", *_NOTES])


def _total(estimate: Estimate) -> str:
    return _mb(estimate.total_bytes)


def _mb(size: int) -> str:
    return f"{size / MB:.0f}"


_NOTES = (
    "  At worst: every camera of intake.max_cameras sends pictures of limits.max_bytes and",
    "  limits.max_pixels. Typical: 100 kB and 1920 x 1080. The formula: edge/config/footprint.py.",
)
