"""A broker that grants no more than the documented topics, and no cloud behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.links import running
from tests.links import settings as link_settings
from tests.system.daemons import logged, unready, wait
from tests.system.sites import WALKERS, Edge, clip, settings

ROOT = "plain"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """One that may hear whole pictures and verdicts, has been sent some, and no worker hears it."""
    folder = tmp_path_factory.mktemp("plain")
    lines = servers.granting(folder, f"{ROOT}-cameras/+/image", f"{ROOT}/gw/+/verdict")
    with servers.mosquitto(folder, config=lines) as broker:
        config = settings(broker, ROOT, folder, late_s=1)
        config["cameras"] = {"yard": {"kind": "snapshot"}}
        with unready(folder, config) as edge, running(link_settings(broker, "camera")) as camera:
            wait(edge, lambda: bool(edge.events("daemon_ready")) and _links(edge)["intake"])
            pictures = clip(WALKERS, begin_s=9, seconds=1)[::3]
            for picture in pictures:
                camera.publish(f"{ROOT}-cameras/yard/image", picture).wait(30)
            wait(edge, lambda: edge.settled("yard", len(pictures)))
            yield edge


def test_a_grant_of_whole_pictures_is_enough_and_the_log_names_what_is_refused(
    daemon: Edge,
) -> None:
    wait(daemon, lambda: all(_links(daemon).values()))
    assert "subscription_refused" not in _reasons(daemon)
    refused = [one for one in daemon.events("link_refused") if one["link"] == "intake"]
    assert {one["filter"] for one in refused} >= {f"{ROOT}-cameras/+/image/start"}
    assert all(one["optional"] for one in refused)
    assert logged(daemon, "suspicion_raised")


def test_reports_to_which_nobody_subscribes_are_said_once_and_degrade_health(
    daemon: Edge,
) -> None:
    wait(daemon, lambda: "nobody_listens" in _reasons(daemon))
    assert "no matching subscribers" in _reasons(daemon)["nobody_listens"]
    assert len(daemon.events("report_unheard")) == 1


def _links(daemon: Edge) -> dict[str, bool]:
    links: dict[str, bool] = daemon.health().get("links", {"intake": False})
    return links


def _reasons(daemon: Edge) -> dict[str, str]:
    return {one["reason"]: one["detail"] for one in daemon.health().get("reasons", [])}
