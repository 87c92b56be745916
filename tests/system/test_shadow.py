"""Orders held against recent frames: real footage, a real daemon, two real brokers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contract.shadow import ReplayLimits, ShadowOutcome, ShadowResult
from tests.operators import Operator
from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.orders import order
from tests.system.sites import WALKERS, Ear, Edge, clip, ear, edge, play
from tests.system.test_operator import RINGS, answers, gateways, roll_out
from tests.system.test_updates import managed, publish, states, until

pytestmark = pytest.mark.slow

STRICT = "decide: {rules: [{id: person, labels: [person], threshold: 0.99}]}"
"""Nobody is ever seen so well."""
AT_MOST_A_TENTH = ReplayLimits(max_lost_decisions_share=0.1)


@contextmanager
def walked_past(
    site: Broker, cloud: Broker, root: str, folder: Path
) -> Iterator[tuple[Edge, Ear, Ear]]:
    """A gateway before which two people have walked past, with who listens at both brokers."""
    config: dict[str, Any] = managed(site, cloud, root, folder, shadow={"max_run_s": 600})
    with (
        ear(site, root) as at_site,
        ear(cloud, root) as at_cloud,
        edge(folder, config) as daemon,
    ):
        walk_past(at_site, daemon, f"{root}-cameras/yard/image")
        assert at_cloud.wait(lambda: bool(at_cloud.reports()))
        yield daemon, at_site, at_cloud


def walk_past(camera: Ear, daemon: Edge, topic: str) -> None:
    """Two people; each picture when the one before was judged."""
    pictures = clip(WALKERS, begin_s=5, seconds=6)
    play(camera, topic, pictures, settled=partial(daemon.settled, "yard"))


def found_in(heard: Ear, leaf: str, state: str, version: int) -> ShadowResult:
    found = until(heard, leaf, state, version).shadow
    assert found is not None
    return found


def test_an_order_that_would_lose_a_walker_says_so_and_is_refused_where_it_may_not(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    with walked_past(site_broker, cloud_broker, root, tmp_path) as (daemon, site, cloud):
        before = daemon.health()["config"]
        publish(cloud, order(1, STRICT, replay=AT_MOST_A_TENTH))
        for heard in (cloud, site):
            refused = until(heard, "rejected", "rejected", 1)
            assert refused.refusal == "replay_limit"
            assert "replayed decisions would be lost (100 %), over 10 %" in refused.reasons[0]
        assert not daemon.events("config_applied")
        assert daemon.health()["config"] == before
        assert "in_shadow" in [one.state for one in states(cloud, "reported")]
        assert "swapped" not in [one.state for one in states(cloud, "reported")]

        publish(cloud, order(2, STRICT))
        for heard in (cloud, site):
            found = found_in(heard, "reported", "applied", 2)
            assert found.outcome == ShadowOutcome.REPLAYED
            assert found.frames >= 15
            assert found.cameras == 1
            assert found.lost == found.before > 0
            assert (found.after, found.new) == (0, 0)
            example = found.examples[0]
            assert (example.camera, example.label, example.change) == ("yard", "person", "lost")
            assert "< 0.99" in example.why
        assert daemon.health()["config"] != before
        in_info = json.loads(cloud.on("gw/info")[-1])["update_shadow"]
        assert (in_info["version"], in_info["lost"], "examples" in in_info) == (
            2,
            found.lost,
            False,
        )
        lost = f'stillwatch_update_decisions{{change="lost",kind="config"}} {float(found.lost)}'
        assert lost in daemon.get("/metrics")[1]
        assert len(logged(daemon, "update_replayed", 2)) == 2


def test_a_gateway_without_frames_says_that_there_was_nothing_to_replay(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    with ear(cloud_broker, root) as cloud, edge(tmp_path, config) as daemon:
        before = daemon.health()["config"]
        publish(cloud, order(1, STRICT, replay=AT_MOST_A_TENTH))
        refused = until(cloud, "rejected", "rejected", 1)
        assert refused.refusal == "replay_limit"
        assert "nothing was replayed" in refused.reasons[0]
        assert found_in(cloud, "rejected", "rejected", 1).outcome == "nothing_to_replay"
        assert daemon.health()["config"] == before
        accepted = AT_MOST_A_TENTH.model_copy(update={"accept_unreplayed": True})
        publish(cloud, order(2, STRICT, replay=accepted))
        assert found_in(cloud, "reported", "applied", 2).outcome == "nothing_to_replay"
        wait(daemon, lambda: daemon.health()["config"] != before)


def test_a_roll_out_stops_by_itself_in_its_first_ring_when_recent_frames_lose_a_walker(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    operator = Operator(tmp_path, cloud_broker, root)
    with (
        gateways(site_broker, cloud_broker, root, tmp_path, operator.root()) as found,
        ear(site_broker, root) as camera,
    ):
        before = {name: one.health()["config"] for name, one in found.items()}
        walk_past(camera, found["bird"], f"{root}-cameras/yard/image")
        order = operator.signed(STRICT, "--for-percent", "100")
        limits = ("--max-lost-decisions-share", "0.2")
        assert roll_out(operator, order, *RINGS, *limits) == 1
        assert "replayed decisions would be lost (100 %), over 20 %" in operator.said[-1]
        assert "1 of 1 gateways replayed" in operator.said[-1]
        assert answers(operator)["shop"] == ("none", None)
        assert found["shop"].health()["config"] == before["shop"]
        assert operator("config", "history", *operator.store) == 0
        assert "stopped" in operator.said[-1]
        assert "(100 %)" in operator.said[-1]
