"""What `fleet list` and `fleet show` say of gateways.

PURE. Every text that a gateway said is cut and stripped of control characters before it reaches a
terminal. Called by `command`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from cloud.fleet.silence import silent
from cloud.fleet.states import Facts, FleetGateway
from contract.ids import GatewayId

FleetState = Literal["ok", "unwell", "silent"]

_MOST_REASONS = 64
_MOST_CHARS = 120
_COUNTS = (
    *("received", "superseded", "quiet", "analysed", "suspicions", "deduplicated"),
    *("confirmed", "refuted", "inconclusive", "unconfirmed", "lost"),
)


def summary(
    name: GatewayId, known: FleetGateway, now: datetime, silent_s: float
) -> dict[str, object]:
    """A gateway in one line."""
    state, reasons = _judged(name, known, now, silent_s)
    statuses = Counter(word(camera.status) for camera in known.cameras.values())
    seen_at = known.seen_at
    return {
        "gateway": name,
        "state": state,
        "presence": known.presence,
        "reasons": reasons,
        "seen_at": None if seen_at is None else seen_at.isoformat(timespec="seconds"),
        "age_s": None if seen_at is None else round((now - seen_at).total_seconds()),
        "version": _text(known.info, "version"),
        "config_version": _text(known.info, "config_version"),
        "config_sha256": _text(known.info, "config_sha256"),
        "model": _text(known.info, "model"),
        "model_sha256": _text(known.info, "model_sha256"),
        "cameras": {"total": len(known.cameras), **dict(sorted(statuses.items()))},
        "unreadable": known.wrong,
    }


def details(
    name: GatewayId, known: FleetGateway, now: datetime, silent_s: float
) -> dict[str, object]:
    """Everything: the summary, what is wrong and what to do, each camera, the last figures."""
    figures = known.stats.get("cameras")
    by_camera = figures if isinstance(figures, dict) else {}
    cameras = {
        camera: {
            "status": word(one.status),
            "reasons": _words(one.health.get("reasons")),
            "last_frame_age_s": _number(one.health, "last_frame_age_s"),
            "fps_in": _number(one.health, "fps_in"),
            "frames": _counts(by_camera.get(camera)),
        }
        for camera, one in sorted(known.cameras.items())
    }
    return summary(name, known, now, silent_s) | {
        "health": list(_problems(known.health)),
        "cameras_by_id": cameras,
        "arch": _text(known.info, "arch"),
        "boot_id": _text(known.info, "boot_id"),
        "stats": {
            "at": _text(known.stats, "at"),
            "rss_bytes": _number(known.stats, "rss_bytes"),
            "oldest_report_s": _number(known.stats, "oldest_report_s"),
            "clocksync": known.stats.get("clocksync") is not False,
            "outbox": _entries(known.stats.get("outbox")),
        },
    }


def table(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The summaries in columns."""
    head = ("GATEWAY", "STATE", "SEEN", "VERSION", "CONFIG", "CAMERAS", "REASONS")
    lines = [head, *map(_columns, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head) - 1)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=False))
        yield "  ".join((*padded, line[-1])).rstrip()


def page(facts: Mapping[str, object], indent: int = 0) -> Iterator[str]:
    """The details, a line each."""
    pad = "  " * indent
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{pad}{key}:"
            yield from page(value, indent + 1)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{pad}{key}:"
            for one in value:
                yield f"{pad}  - " + ", ".join(f"{k}: {v}" for k, v in one.items() if v)
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{pad}{key}: {'-' if shown in (None, '') else shown}"


def word(said: object) -> str:
    """A text of somebody else's, fit for a terminal."""
    text = said if isinstance(said, str) else ""
    return "".join(one if one.isprintable() else "?" for one in text[:_MOST_CHARS])


def _judged(
    name: GatewayId, known: FleetGateway, now: datetime, silent_s: float
) -> tuple[FleetState, list[str]]:
    seen_at = known.seen_at
    stale = seen_at is not None and (now - seen_at).total_seconds() > silent_s
    quiet = list(silent(name, known, stale))
    if any(camera is None for (_, camera), _ in quiet):
        return "silent", [reason for _, reason in quiet]
    reasons = [one["reason"] for one in _problems(known.health)]
    unwell = Counter(word(camera.status) for camera in known.cameras.values())
    reasons += [f"{unwell[one]} {one}" for one in ("offline", "degraded") if unwell[one]]
    return ("unwell" if reasons else "ok"), reasons


def _problems(health: Facts) -> Iterator[dict[str, str]]:
    found = health.get("reasons")
    for one in (found if isinstance(found, list) else [])[:_MOST_REASONS]:
        if isinstance(one, dict):
            keys = ("reason", "of", "detail", "action", "since")
            yield {key: word(one.get(key)) for key in keys}


def _columns(row: Mapping[str, object]) -> tuple[str, ...]:
    cameras = row["cameras"]
    counts = cameras if isinstance(cameras, dict) else {}
    digest = str(row["config_sha256"])[:8]
    reasons = row["reasons"]
    return (
        str(row["gateway"]),
        str(row["state"]),
        "-" if row["age_s"] is None else f"{row['age_s']} s ago",
        str(row["version"]) or "-",
        f"{row['config_version'] or '-'} {digest}".strip(),
        f"{counts.get('online', 0)}/{counts.get('total', 0)}",
        ", ".join(map(str, reasons)) if isinstance(reasons, list) else "",
    )


def _text(facts: Facts, key: str) -> str:
    return word(facts.get(key))


def _number(facts: Facts, key: str) -> float | int | None:
    value = facts.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _words(found: object) -> list[str]:
    return [word(one) for one in found[:_MOST_REASONS]] if isinstance(found, list) else []


def _counts(figures: object) -> dict[str, object]:
    found = figures if isinstance(figures, dict) else {}
    rejected = found.get("rejected")
    counts: dict[str, object] = {key: _number(found, key) or 0 for key in _COUNTS}
    by_reason = rejected if isinstance(rejected, dict) else {}
    numbers = [one for one in by_reason.values() if isinstance(one, int)]
    return counts | {"rejected": sum(numbers)}


def _entries(outbox: object) -> dict[str, object]:
    found = outbox.get("entries") if isinstance(outbox, dict) else None
    entries = found if isinstance(found, dict) else {}
    return {word(state): _number(entries, state) for state in list(entries)[:16]}
