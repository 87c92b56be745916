"""The zones of a rule travel with its alarm, and lie over its pictures in the console."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud.keys import make_keys
from imaging.polygons import contains, foot
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import Ear, edge, settings
from tests.system.street_site import STREET, Operator, console

PAVEMENT = [[0.3, 0.4], [0.62, 0.4], [0.62, 1.0], [0.3, 1.0]]
"""Where the walker of the street's picture has her feet."""
ZONES = [
    {"id": "sky", "polygon": [[0, 0], [1, 0], [1, 0.1]]},
    {"id": "pavement", "polygon": PAVEMENT},
]

EDGE_BOX = re.compile(r'box edge" x="(-?\d+)" y="(-?\d+)" width="(\d+)" height="(\d+)"')

pytestmark = pytest.mark.slow


def test_the_zone_of_an_alarms_rule_lies_over_its_pictures_where_the_feet_are(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    key = make_keys(tmp_path / "key.pem")
    config = settings(mosquitto, root, tmp_path, cloud_keys=[key], resend_s=600)
    config["camera_defaults"] = {"kind": "snapshot", "zones": ZONES}
    config["decide"] = {"rules": [{"id": "walker", "labels": ["person"], "zones": ["pavement"]}]}
    with console(mosquitto, root, tmp_path) as process, edge(tmp_path, config) as daemon:
        operator = Operator(process)
        listening.publish(f"{root}-cameras/gate/image", STREET.read_bytes())
        assert listening.wait(lambda: bool(listening.reports()))
        (report,) = listening.reports()
        wait(daemon, lambda: operator.sees(report))
        page = operator.page_of(report)

    (outline,) = report.outlines
    assert (outline.id, [list(xy) for xy in outline.corners]) == ("pavement", PAVEMENT)
    roles = {one.role for one in report.evidence}
    assert {"best", "crop"} <= roles
    assert re.findall(r'<polygon class="zone" points="[^"]+"><title>([^<]+)', page) == (
        ["pavement"] * len(report.evidence)
    )
    for figure in page.split("<figure")[1:]:
        zone = _corners(re.findall(r'class="zone" points="([^"]+)"', figure)[0])
        for x, y, width, height in (map(int, one) for one in EDGE_BOX.findall(figure)):
            assert contains(zone, foot((x, y, x + width, y + height)))


def _corners(points: str) -> tuple[tuple[float, float], ...]:
    pairs = (one.split(",") for one in points.split())
    return tuple((float(x), float(y)) for x, y in pairs)
