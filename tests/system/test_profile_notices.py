"""Who is told depends on the profile of the site: a real gateway, a real worker, real receivers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.http_receivers import http_receiver
from tests.integration.notifying import notifying, webhook, write_settings
from tests.integration.warm_worker import WarmWorker
from tests.servers import Broker
from tests.system.sites import CHECKOUT, Ear, edge, settings

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"

pytestmark = pytest.mark.slow


def choose(listening: Ear, root: str, profile: str) -> None:
    """What somebody's app does; returns when the gateway has said that it holds."""
    before = len(listening.on("gw/_site/profile/state"))
    listening.publish(f"{root}/gw/_site/profile/set", profile.encode())
    assert listening.wait(lambda: len(listening.on("gw/_site/profile/state")) > before)
    assert listening.on("gw/_site/profile/state")[-1] == profile.encode()


def test_an_alarm_goes_to_whom_the_rules_name_for_the_profile_that_held(
    mosquitto: Broker, cloud: WarmWorker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["profiles"] = {"away": {"min_score": 0.25}, "night": {"min_score": 0.3}}
    with http_receiver() as duty, http_receiver() as family, http_receiver() as diary:
        receivers = {"duty": duty, "family": family, "diary": diary}
        hooks = {name: webhook(tmp_path, one.url()) for name, one in receivers.items()}
        rules = [
            {"to": ["duty"], "profiles": ["away"]},
            {"to": ["family"], "profiles": ["night", "none"]},
            {"to": ["diary"]},
        ]
        file = write_settings(tmp_path, mosquitto, root, {"webhooks": hooks, "rules": rules})
        with (
            cloud.serving(tmp_path / "cloud", mosquitto, f"dir:{tmp_path / 'store'}", root),
            edge(tmp_path, config),
            notifying(file),
        ):
            for camera, profile, told, quiet in (
                ("porch", "away", duty, family),
                ("gate", "night", family, duty),
                ("hall", "none", family, duty),
            ):
                choose(listening, root, profile)
                topic = f"{root}-cameras/{camera}/image"
                listening.publish(topic, STREET.read_bytes())
                notice = json.loads(told.next().body)["data"]
                assert notice["camera"] == camera
                assert (notice["profile"] or "none") == profile
                assert json.loads(diary.next().body)["data"]["about"] == notice["about"]
                assert quiet.is_empty()
    # nobody was told another one's alarm afterwards, either
    assert (duty.count, family.count, diary.count) == (1, 2, 3)
