"""A cloud that is slow, not gone: reports are repeated, ever more seldom, and never all at once."""

from __future__ import annotations

import math
import threading
from collections import Counter
from functools import partial
from pathlib import Path

from service.clock import SystemClock
from tests.faults.cameras import streets
from tests.faults.conftest import scaled
from tests.processes import until
from tests.servers import Broker
from tests.system.sites import Edge, ear, edge, settings

REPORTS = scaled("STILLWATCH_REPEATED_REPORTS", 40)
SILENT_S = scaled("STILLWATCH_SILENT_S", 60)
"""No verdict comes for so long."""

BUSY_S = 10
"""In the first seconds what was sent one after the other is due again; no chance has spread it."""


def test_repeats_of_each_report_are_few_and_spread(mosquitto: Broker, tmp_path: Path) -> None:
    clock, root = SystemClock(), "repeats"
    config = settings(mosquitto, root, tmp_path, resend_s=1, resend_max_s=3600, deadline_s=3600)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["intake"]["max_cameras"] = REPORTS
    config["decide"] = {"deduplication": {"enabled": False}}
    pictures, never = streets(8), threading.Event()
    with ear(mosquitto, root) as listening, edge(tmp_path, config) as daemon:
        for number in range(REPORTS):
            listening.publish(f"{root}-cameras/cam{number}/image", pictures[number % 8])
            until(
                partial(_reported, daemon, number + 1),
                daemon.process,
                daemon.log,
            )
        began, a_second = clock.mono(), Counter[int]()
        heard = len(listening.reports())
        while clock.mono() - began < SILENT_S:
            never.wait(1.0)
            now = len(listening.reports())
            a_second[int(clock.mono() - began)] += now - heard
            heard = now
        sent = Counter(report.report_id for report in listening.reports())
    most = 2 + math.ceil(math.log2(SILENT_S + REPORTS * 2))
    assert len(sent) >= REPORTS
    assert max(sent.values()) <= most, sent
    assert sum(sent.values()) < len(sent) * most
    later = [count for second, count in a_second.items() if second >= BUSY_S]
    assert max(later) <= len(sent) / 2, a_second


def _reported(daemon: Edge, count: int) -> bool:
    return len(daemon.events("report_sent")) >= count
