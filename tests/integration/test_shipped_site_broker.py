"""Cameras, a gateway and the site's systems with certificates at the shipped site broker: every
crossing fails.
"""

from __future__ import annotations

from tests.fakes import recorded_events
from tests.links import Inbox
from tests.shipped_brokers import (
    CAMERAS,
    SYSTEMS,
    Secured,
    joined,
    sent,
)

EVERYTHING = (
    *("#", "+/+/+/+", "stillwatch/#", "$SYS/#", "$share/confirm/stillwatch/+/+/suspect"),
    *("$share/x/#", "stillwatch/+/yard/verdict", "cameras/#"),
)


def test_cameras_publish_their_own_pictures_to_the_gateway_and_hear_nothing(site: Secured) -> None:
    seen, heard = Inbox(), Inbox()
    images = ("cameras/+/image", "cameras/+/image/+")
    with (
        joined(site.settings("gateway", SYSTEMS), seen, *images) as gateway,
        joined(site.settings("gate"), heard, *EVERYTHING) as gate,
        joined(site.settings("yard")) as yard,
    ):
        for topic in ("cameras/gate/image", "cameras/gate/image/start"):
            assert sent(gate, topic)
            assert seen.next().topic == topic
        for topic in (
            *("cameras/gate/image", "cameras/gate/image/data", "cameras/yard/x", "cameras/image"),
            *("stillwatch/gateway/gate/verdict", "stillwatch/gateway/yard/armed/set"),
            *("stillwatch/gateway/status", "stillwatch/yard/x/threat", "$SYS/x"),
            *("homeassistant/device/x/config", "cameras/yard/image/a/b"),
        ):
            assert not sent(yard, topic)
        assert sent(gateway, "stillwatch/gateway/gate/threat", b"ON", retain=True)
        assert sent(gate, "cameras/gate/image")
        assert seen.next().topic == "cameras/gate/image"
        assert seen.is_empty()
        assert heard.is_empty()


def test_a_camera_takes_nobodys_place_and_a_gateway_has_many_connections(site: Secured) -> None:
    with (
        recorded_events() as lines,
        joined(site.settings("gateway", SYSTEMS, "gateway-intake")) as intake,
        joined(site.settings("gateway", SYSTEMS, "gateway-snapshots")) as snapshots,
        joined(site.settings("gate")) as gate,
    ):
        for claimed in ("gateway-intake", "gateway", "gate"):
            with joined(site.settings("yard", client_id=claimed)) as yard:
                assert sent(yard, "cameras/yard/image")
                assert sent(gate, "cameras/gate/image")
                assert sent(intake, "stillwatch/gateway/status")
                assert sent(snapshots, "stillwatch/gateway/status")
        named_so = site.settings("home", CAMERAS, "x")
        with joined(named_so) as camera:
            assert not sent(camera, "stillwatch/gateway/gate/armed/set")
        assert "link_lost" not in {line.event for line in lines}


def test_at_the_site_a_gateway_speaks_below_its_own_id_and_a_second_one_has_no_rights_yet(
    site: Secured,
) -> None:
    heard = Inbox()
    with (
        joined(site.settings("gateway", SYSTEMS)) as gateway,
        joined(site.settings("gw-b", SYSTEMS), heard, *EVERYTHING) as second,
        joined(site.settings("gate")) as gate,
    ):
        for leaf in ("status", "gate/threat", "gate/verdict", "gate/suspect", "gate/armed/state"):
            assert sent(gateway, f"stillwatch/gateway/{leaf}")
            assert not sent(second, f"stillwatch/gateway/{leaf}")
            assert not sent(second, f"stillwatch/gw-b/{leaf}")
            assert not sent(gateway, f"stillwatch/gw-b/{leaf}")
        assert sent(gateway, "stillwatch/gateway/watch")
        assert not sent(second, "stillwatch/gateway/watch/kept")
        assert not sent(gateway, "cameras/gate/image")
        assert sent(gate, "cameras/gate/image")
        assert sent(gateway, "stillwatch/gateway/status")
        assert heard.is_empty()


def test_home_automation_arms_and_a_display_only_reads(site: Secured) -> None:
    told, shown = Inbox(), Inbox()
    with (
        joined(
            site.settings("gateway", SYSTEMS), told, "stillwatch/gateway/+/armed/set"
        ) as gateway,
        joined(site.settings("home", SYSTEMS)) as home,
        joined(site.settings("display", SYSTEMS), shown, "stillwatch/+/gate/threat") as display,
    ):
        assert sent(home, "stillwatch/gateway/gate/armed/set", b"OFF")
        assert told.next().payload == b"OFF"
        assert sent(gateway, "stillwatch/gateway/gate/threat", b"ON")
        assert shown.next().payload in (b"ON",)
        for leaf in ("gate/armed/set", "gate/threat", "gate/verdict", "status"):
            assert not sent(display, f"stillwatch/gateway/{leaf}")
        for leaf in ("gate/threat", "gate/verdict", "status", "config/desired"):
            assert not sent(home, f"stillwatch/gateway/{leaf}")


def test_home_assistant_is_told_of_devices_says_that_it_has_started_and_tests(
    site: Secured,
) -> None:
    told, found = Inbox(), Inbox()
    asked = ("homeassistant/status", "homeassistant/device/#", "stillwatch/gateway/request/+")
    device = "homeassistant/device/gateway/gate/config"
    with (
        joined(site.settings("gateway", SYSTEMS), told, *asked) as gateway,
        joined(site.settings("home", SYSTEMS), found, "homeassistant/device/#") as home,
        joined(site.settings("display", SYSTEMS)) as display,
    ):
        assert sent(gateway, device)
        assert found.next().topic == device
        assert not sent(home, device)
        for topic in ("homeassistant/status", "stillwatch/gateway/request/self-test"):
            assert not sent(display, topic)
            assert sent(home, topic)
            assert told.next().topic == topic
        for verb in ("restart", "snapshot", "diagnostics", "explain"):
            assert not sent(home, f"stillwatch/gateway/request/{verb}")
        assert told.is_empty()
