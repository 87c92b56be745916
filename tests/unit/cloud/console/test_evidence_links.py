"""A link opens one picture for some minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.console.evidence_links import EvidenceLinks
from contract.ids import CameraId, GatewayId
from contract.keys import evidence_key

NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
KEY = evidence_key(GatewayId("gw"), CameraId("yard"), NOW, "a" * 64)
OTHER = evidence_key(GatewayId("gw"), CameraId("yard"), NOW, "b" * 64)
LINKS = EvidenceLinks(b"k" * 32, minutes=5)


def taken_apart(link: str) -> tuple[int, str, str]:
    _, _, until_s, signed, key = link.split("/", 4)
    return int(until_s), signed, key


def test_a_link_is_good_for_its_minutes_and_no_more_than_twice_as_long() -> None:
    until_s, signed, key = taken_apart(LINKS.link(KEY, NOW))
    assert key == KEY
    for minutes, good in ((0, True), (5, True), (10.1, False)):
        assert LINKS.is_good(key, until_s, signed, NOW + timedelta(minutes=minutes)) is good


def test_the_same_picture_keeps_its_address_for_a_while() -> None:
    assert LINKS.link(KEY, NOW) == LINKS.link(KEY, NOW + timedelta(minutes=1))


def test_a_signature_opens_no_other_picture_no_later_hour_and_is_of_one_key() -> None:
    until_s, signed, _ = taken_apart(LINKS.link(KEY, NOW))
    assert not LINKS.is_good(OTHER, until_s, signed, NOW)
    assert not LINKS.is_good(KEY, until_s + 60, signed, NOW)
    assert not EvidenceLinks(b"l" * 32, minutes=5).is_good(KEY, until_s, signed, NOW)


@pytest.mark.parametrize("key", ["trust/root.json", "verdicts/a", "evidence/../trust/root.json"])
def test_what_is_no_evidence_is_not_opened_even_with_a_good_signature(key: str) -> None:
    until_s, signed, _ = taken_apart(LINKS.link(key, NOW))
    assert not LINKS.is_good(key, until_s, signed, NOW)
