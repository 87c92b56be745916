"""The audit on real parts: what the rules rejected comes back as missed, and is counted."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.integration.warm_worker import WarmWorker
from tests.servers import Broker
from tests.system.sites import WALKERS, Ear, clip, ear, edge, play, settings

pytestmark = pytest.mark.slow


def last_audit(listening: Ear) -> dict[str, Any]:
    said = listening.on("gw/stats")
    audit: dict[str, Any] = json.loads(said[-1])["audit"] if said else {}
    return audit


def test_walkers_whom_the_rules_reject_come_back_as_missed_and_alarm_nobody(
    mosquitto: Broker, cloud: WarmWorker, tmp_path: Path
) -> None:
    root = "audited"
    audit = {"share": 1.0, "max_bytes_per_day": 100_000_000_000}
    config = settings(mosquitto, root, tmp_path, audit=audit)
    config["decide"] = {"rules": [{"id": "never", "labels": ["person"], "threshold": 1.0}]}
    walkers = clip(WALKERS, begin_s=6, seconds=4)
    with (
        ear(mosquitto, root) as listening,
        cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
        edge(tmp_path, config) as daemon,
    ):
        seen = partial(daemon.settled, "yard")  # none may supersede another
        play(listening, f"{root}-cameras/yard/image", walkers, settled=seen)
        assert listening.wait(lambda: len(listening.verdicts()) > 0)
        (verdict,) = listening.verdicts()
        assert (verdict.decision, verdict.label, verdict.audit) == ("confirmed", "person", True)
        assert listening.wait(lambda: last_audit(listening).get("missed") == 1)
        assert b"ON" not in listening.on("gw/yard/threat")
    report = json.loads(listening.on("gw/yard/suspect")[-1])["data"]
    assert len(report["evidence"]) > 1
    assert {ref["received_at"] for ref in report["evidence"]} >= {report["raised_at"]}
    assert report["sample"] == {"kind": "motion", "share": 1.0}
    said = last_audit(listening)
    assert (said["rejected_events"], said["sent"], said["missed_rate"]) == (1, 1, 1.0)
    assert json.loads(listening.on("gw/stats")[-1])["cameras"]["yard"]["confirmed"] == 0
