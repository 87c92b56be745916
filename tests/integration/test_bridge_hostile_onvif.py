"""ONVIF cameras that mean harm: other hosts, XML that keeps a parser busy, words that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.onvif import onvif_device
from bridge.soap_answers import MAX_DEPTH, MAX_ELEMENTS
from tests.integration.test_bridge_onvif import camera_at, fault, simulated, url_of
from tests.onvif_camera import FAULT, onvif_camera
from tests.onvif_events import NAMESPACES, OnvifEvents
from tests.processes import HOST
from tests.raw_server import forever, raw_server

SERVICES = (
    "<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl"
    "</tds:Namespace><tds:XAddr>{}</tds:XAddr></tds:Service></tds:GetServicesResponse>"
)
REFERENCE = (
    f"<tev:CreatePullPointSubscriptionResponse {NAMESPACES}><tev:SubscriptionReference>"
    "<wsa5:Address>{}</wsa5:Address></tev:SubscriptionReference>"
    "</tev:CreatePullPointSubscriptionResponse>"
)


def profile(width: str, count: int = 1) -> str:
    one = (
        "<trt:Profiles token='{0}'><tt:VideoEncoderConfiguration><tt:Resolution><tt:Width>"
        f"{width}</tt:Width></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>"
    )
    inner = "".join(one.format(f"t{number}" + "x" * 60) for number in range(count))
    return f"<trt:GetProfilesResponse>{inner}</trt:GetProfilesResponse>"


def events_fault(camera: SourceConfig) -> SourceFault:
    with onvif_device(camera, url_of(camera.source)) as device, pytest.raises(SourceFault) as said:
        device.pull(device.subscribe())
    return said.value


def nested(name: str, depth: int) -> str:
    return f"<{name}>" * depth + f"</{name}>" * depth


@pytest.mark.parametrize(
    "address",
    [
        "http://a[@{host}:{port}/x",
        "http://a]@{host}:{port}/x",
        "https://a[@{host}:{port}/x",
        "http://[{host}:{port}/x",
        "//{host}:{port}/x",
        "ftp://{host}:{port}/x",
    ],
)
def test_a_malformed_address_leads_to_no_other_host(address: str, tmp_path: Path) -> None:
    """What onveef cannot take apart it leaves as it is, and httpx reads it in another way."""
    with raw_server(forever(b"", b"x")) as other:
        named = address.format(host=HOST, port=other.port)
        with onvif_camera(simulated(answers={"GetServices": SERVICES.format(named)})) as source:
            said = fault(camera_at(source, tmp_path))
        assert said.reason in (FaultReason.UNREACHABLE, FaultReason.UNUSABLE)
        answers = {"CreatePullPointSubscription": REFERENCE.format(named)}
        with onvif_camera(simulated(events=OnvifEvents(), answers=answers)) as source:
            assert events_fault(camera_at(source, tmp_path)) is not None
        assert other.connections == 0


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetProfiles", nested("trt:Profiles", 20_000)),
        ("GetServices", nested("tds:Service", 20_000)),
        ("GetProfiles", "<tt:Profiles/>" * (MAX_ELEMENTS + 1)),
        ("GetStreamUri", nested("a", MAX_DEPTH)),
        ("PullMessages", f"<a {NAMESPACES}>{nested('wsnt:NotificationMessage', 9_000)}</a>"),
    ],
)
def test_xml_that_would_keep_a_parser_busy_is_not_parsed(
    operation: str, answer: str, tmp_path: Path
) -> None:
    camera = simulated(events=OnvifEvents(), answers={operation: answer})
    with onvif_camera(camera) as source:
        settings = camera_at(source, tmp_path)
        asks_for = events_fault if operation == "PullMessages" else fault
        said = asks_for(settings)
    assert said.reason is FaultReason.UNUSABLE
    assert "an answer of over" in said.detail


@pytest.mark.parametrize("width", ["inf", "-inf", "nan", "1e999", "9" * 5000, "wide", ""])
def test_a_size_that_is_none_is_a_fault_or_no_size(width: str, tmp_path: Path) -> None:
    with onvif_camera(simulated(answers={"GetProfiles": profile(width)})) as source:
        said = fault(camera_at(source, tmp_path, profile="other"))
    assert said.reason in (FaultReason.UNUSABLE, FaultReason.NOT_FOUND)
    assert len(said.detail) < 400


def test_thousands_of_profiles_do_not_fill_the_log(tmp_path: Path) -> None:
    with onvif_camera(simulated(answers={"GetProfiles": profile("640", 3000)})) as source:
        said = fault(camera_at(source, tmp_path, profile="submarine"))
    assert said.reason is FaultReason.NOT_FOUND
    assert len(said.detail) < 600


def test_a_charset_that_takes_python_minutes_is_not_used(tmp_path: Path) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml; charset=punycode\r\n"
        b"Content-Length: 900000\r\n\r\n"
    )
    with raw_server(lambda link, _: link.sendall(head + b"-" + b"a" * 899_999)) as server:
        said = fault(camera_at(f"onvif://{HOST}:{server.port}", tmp_path))
    assert said.reason is FaultReason.UNUSABLE


def test_an_answer_that_drips_is_given_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 900000\r\n\r\n"
    with raw_server(forever(head, b"<", 0.1)) as server:
        source = f"onvif://{HOST}:{server.port}"
        said = fault(SourceConfig(source=source, stall_s=1))
    assert said.reason is FaultReason.STALLED


def test_words_of_a_fault_are_fit_for_a_terminal_and_short(tmp_path: Path) -> None:
    evil = "\u202e\u009b31m\u2028" * 2000
    with onvif_camera(
        simulated(answers={"GetProfiles": FAULT.format(code="ter:x", words=evil)})
    ) as source:
        said = fault(camera_at(source, tmp_path))
    assert said.detail.isprintable()
    assert len(said.detail) < 400
