"""A preset at a real broker: Frigate's snapshots are analysed, what it retained before is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import Broker
from tests.system.sites import WALKERS, clip, ear, edge, settings

pytestmark = pytest.mark.slow


def test_frigates_snapshots_of_several_labels_are_one_cameras_pictures(
    site_broker: Broker, tmp_path: Path
) -> None:
    config = settings(site_broker, "presets", tmp_path)
    del config["intake"]["topics"]
    config["intake"]["preset"] = "frigate"
    pictures = clip(WALKERS, begin_s=9, seconds=1)
    with ear(site_broker, "presets") as listening:
        before = listening.link.publish("frigate/front/person/snapshot", pictures[0], 1, True)
        before.wait(10)
        with edge(tmp_path, config) as daemon:
            for picture in pictures:
                listening.publish("frigate/front/person/snapshot", picture)
            listening.publish("frigate/front/car/snapshot", pictures[0])
            listening.publish("frigate/front/person", b"2")
            assert listening.wait(lambda: daemon.settled("front", len(pictures) + 1))
            assert daemon.frames("front").get("rejected", 0) == 0
            assert daemon.frames("_unknown")["rejected"] == 1, "the one that was retained"
