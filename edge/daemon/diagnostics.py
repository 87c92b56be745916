"""The parts of `diagnostics`: what somebody far away wants to know of a gateway that is not well.

SHELL. Nothing of it is a secret: no configuration values but their digests. Called by `daemon`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import threading
from dataclasses import asdict

import psutil

from edge.daemon.gateway import Gateway
from edge.remote.requests import DiagnosticParts


def diagnostics(gateway: Gateway) -> DiagnosticParts:
    """Each is asked anew for every answer, on the control loop."""
    messages = gateway.status_messages
    return {
        "info": lambda: json.loads(messages.info().payload),
        "health": lambda: gateway.health.condition().as_json(),
        "links": lambda: {name: asdict(state) for name, state in gateway.links().items()},
        "cameras": lambda: {
            camera: one.as_json() for camera, one in gateway.camera_watch.conditions().items()
        },
        "stats": lambda: json.loads(messages.stats().payload),
        "system": lambda: _system(gateway),
    }


def _system(gateway: Gateway) -> dict[str, object]:
    memory = psutil.virtual_memory()
    try:
        free: int | None = shutil.disk_usage(gateway.config().deliver.outbox.path).free
    except OSError:
        free = None
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "load": [round(one, 2) for one in os.getloadavg()],
        "memory_total_bytes": memory.total,
        "memory_available_bytes": memory.available,
        "disk_free_bytes": free,
        "threads": sorted(one.name for one in threading.enumerate()),
        "now": gateway.clock.now().isoformat(timespec="milliseconds"),
        "clocksync": gateway.synchronised(),
    }
