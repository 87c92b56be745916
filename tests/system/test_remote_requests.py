"""Asked from the cloud, over two real brokers: a picture, how it is, why, to restart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import CHECKOUT, WALKERS, clip, ear, edge, play, settings, uplink

pytestmark = pytest.mark.slow

LEFT = [[0.0, 0.0], [0.4, 0.0], [0.4, 1.0], [0.0, 1.0]]


def ask(broker: Broker, root: str, *what: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, the answer, and what was said beside it."""
    where = ["--broker", f"mqtt://{broker.host}:{broker.port}", "--root", root, "--by", "anna"]
    done = subprocess.run(
        [sys.executable, "-m", "cloud", "fleet", "ask", "gw", *what, *where],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_from_the_cloud_a_gateway_shows_explains_and_says_how_it_is(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path
) -> None:
    root = f"ask{os.getpid()}"
    config = settings(site_broker, root, tmp_path, uplink=uplink(cloud_broker))
    config["cameras"] = {
        "yard": {"kind": "stream", "privacy_masks": [{"id": "left", "polygon": LEFT}]}
    }
    config["remote"] = {"allow": ["snapshot", "diagnostics", "explain"]}
    picture = tmp_path / "yard.jpg"
    with (
        ear(site_broker, f"{root}-cameras") as camera,
        ear(cloud_broker, root) as cloud,
        edge(tmp_path, config) as daemon,
    ):
        play(
            camera,
            f"{root}-cameras/yard/image",
            clip(WALKERS, begin_s=8, seconds=20),
            until=lambda: bool(daemon.events("suspicion_raised")),
        )
        wait(daemon, lambda: bool(daemon.events("suspicion_raised")))
        shown, facts, _ = ask(
            cloud_broker, root, "snapshot", "--camera", "yard", "--out", str(picture)
        )
        assert (shown, facts["masked"]) == (0, True)
        image = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape[:2] == (facts["height"], facts["width"])
        assert image[:, : image.shape[1] * 3 // 8].max() < 40
        raised = daemon.events("suspicion_raised")[0]
        explained, why, _ = ask(cloud_broker, root, "explain", "--report", raised["report_id"])
        assert (explained, why["rule"]["reasons"]) == (0, raised["reasons"])
        known, facts, _ = ask(cloud_broker, root, "diagnostics")
        assert (known, facts["cameras"]["yard"]["status"]) == (0, "online")
        assert facts["links"]["uplink"]["ready"]
        assert {"info", "health", "stats", "system"} <= facts.keys()
        refused, _, error = ask(cloud_broker, root, "restart")
        assert (refused, "remote.allow does not name restart" in error) == (1, True)
        answered = daemon.events("request_answered")
        assert [one["verb"] for one in answered] == [
            "snapshot",
            "explain",
            "diagnostics",
            "restart",
        ]
        assert {one["by"] for one in answered} == {"anna"}
        assert cloud.on("gw/response/snapshot")


def test_asked_to_restart_it_says_so_and_ends_in_order_for_its_supervisor(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"again{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["remote"] = {"allow": ["restart"]}
    with ear(mosquitto, root) as listening, edge(tmp_path, config) as daemon:
        early, _, error = ask(mosquitto, root, "restart")
        assert (early, "not before 30 s" in error) == (1, True)
        listening.wait(lambda: False, 31.0)
        done, facts, _ = ask(mosquitto, root, "restart")
        assert (done, facts["up_s"] >= 30) == (0, True)
        assert daemon.process.wait(60) == os.EX_TEMPFAIL
        assert listening.wait(lambda: listening.on("gw/status")[-1:] == [b"stopped"])


def test_nobody_answers_for_a_gateway_that_is_not_there(mosquitto: Broker) -> None:
    status, _, error = ask(mosquitto, "nobody", "diagnostics", "--timeout-s", "1")
    assert (status, "has not answered within 1 s" in error) == (1, True)
