"""What two gateways retain at the broker, for pages that show it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from cloud.console.fleet_book import FleetBook
from contract.update_state import UpdateState


def retain_fleet(book: FleetBook, now: datetime) -> None:
    """North is there with a camera out of focus and has refused an order, south is silent."""
    at = now.isoformat()
    frames = {
        "received": 5200,
        "superseded": 40,
        "quiet": 4700,
        "analysed": 460,
        "suspicions": 9,
        "confirmed": 3,
        "refuted": 6,
        "rejected": {"truncated": 2},
    }
    said: dict[str, object] = {
        "north/info": {"version": "0.1.0", "config_version": "7", "model": "ssd-mobilenet-v2-300"},
        "north/stats": {"at": at, "cameras": {"yard": frames, "gate": frames}},
        "north/health": {"at": at, "status": "degraded", "reasons": []},
        "north/yard/health": {"at": at, "reasons": ["out_of_focus"], "fps_in": 5.0},
        "north/gate/health": {"at": at, "reasons": [], "fps_in": 4.9, "last_frame_age_s": 0.2},
        "south/info": {"version": "0.0.9", "config_version": "6"},
        "south/stats": {"at": (now - timedelta(hours=2)).isoformat(), "cameras": {"dock": frames}},
        "south/dock/health": {"at": at, "reasons": [], "fps_in": 0.0},
    }
    for leaf, document in said.items():
        book.take(f"stillwatch/{leaf}", json.dumps(document).encode())
    for leaf, word in {
        "north/status": b"online",
        "north/yard/status": b"degraded",
        "north/gate/status": b"online",
        "south/status": b"offline",
        "south/dock/status": b"offline",
    }.items():
        book.take(f"stillwatch/{leaf}", word)
    refused = UpdateState(
        kind="config", version=8, state="rejected", reasons=("zones: no_such_zone",), at=now
    )
    book.take("stillwatch/north/config/rejected", refused.model_dump_json().encode())
    gap = {
        "gateway": "south",
        "camera": "dock",
        "reason": "offline",
        "begin": (now - timedelta(hours=2)).isoformat(),
        "end": None,
        "seconds": None,
    }
    book.take("stillwatch-fleet/gap/south/dock", json.dumps(gap).encode())
