"""The gateway's side of enrolment, on a clock of the test's, against the real service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.enrol.authority import Authority
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import EnrolmentService
from cloud.enrol.tokens import Tokens
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.enroller import FIRST_S, MOST_S, Enroller
from edge.enrolment.key_files import KeyFiles
from edge.health.reasons import HealthReason
from tests import authorities
from tests.fakes import ManualClock
from tests.processes import HOST, lasting_port
from tests.shipped_brokers import certify

DAY_S = 86_400.0


class Place:
    """An authority, and a gateway that knows where its service is, or will be."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.state, self.port = (
            folder / "gateways",
            folder / "state",
            lasting_port(),
        )
        certify(self.authority, "authority", "gateways")
        web = authorities.authority(folder, "web")
        self.own = authorities.issue(folder, web, "service")
        self.token = folder / "token"
        self.config = EnrolmentConfig(
            url=f"https://{HOST}:{self.port}", ca_file=web, token_file=self.token, timeout_s=30
        )
        self.clock = ManualClock(datetime.now(UTC))
        self.files = KeyFiles(self.state)

    @contextmanager
    def service(self) -> Iterator[None]:
        assert self.own.cert_file is not None
        assert self.own.key_file is not None
        registrar = Registrar(Authority(self.authority), 90.0, self.clock.now)
        running = EnrolmentService(
            registrar, HOST, self.port, (self.own.cert_file, self.own.key_file)
        )
        try:
            yield
        finally:
            running.close()

    def new_token(self) -> None:
        ends_at = self.clock.now() + timedelta(hours=1)
        self.token.write_text(Tokens(self.authority).make("yard", 1, ends_at)[1])

    def enroller(self) -> Enroller:
        return Enroller(self.config, self.files, "yard", self.clock)

    def serial(self) -> int:
        found = self.files.open_certificate()
        assert found is not None
        return found.serial_number


def turn(enroller: Enroller) -> list[HealthReason]:
    """One step, without its wait; what health says then."""
    ended = threading.Event()
    ended.set()
    enroller.step(ended)
    return [problem.reason for problem in enroller.problems()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_enrols_when_the_service_comes_and_asks_no_more(place: Place) -> None:
    place.new_token()
    enroller = place.enroller()
    assert turn(enroller) == [HealthReason.NOT_ENROLLED]
    with place.service():
        assert turn(enroller) == [HealthReason.NOT_ENROLLED], "it waits before it tries again"
        place.clock.advance(FIRST_S)
        assert turn(enroller) == []
        first = place.serial()
        place.clock.advance(DAY_S)
        assert turn(enroller) == []
        assert turn(place.enroller()) == [], "after a restart, with the same token"
        assert place.serial() == first


def test_a_renewal_that_fails_is_named_and_made_good_while_there_is_time(place: Place) -> None:
    place.new_token()
    enroller = place.enroller()
    with place.service():
        turn(enroller)
    first = place.serial()
    place.clock.advance(61 * DAY_S)
    assert turn(enroller) == [HealthReason.CERTIFICATE_ENDING]
    with place.service():
        place.clock.advance(MOST_S)
        assert turn(enroller) == []
    assert place.serial() != first


def test_a_new_token_is_used_at_once_even_after_a_revocation(place: Place) -> None:
    place.new_token()
    enroller = place.enroller()
    with place.service():
        turn(enroller)
        first, authority = place.serial(), Authority(place.authority)
        with authority.locked():
            authority.revoke("yard")
        assert turn(enroller) == []
        place.new_token()
        assert turn(enroller) == []
        assert place.serial() != first


def test_a_gateway_with_another_name_is_not_enrolled_and_says_which(place: Place) -> None:
    place.new_token()
    with place.service():
        enroller = Enroller(place.config, place.files, "gate", place.clock)
        assert turn(enroller) == [HealthReason.NOT_ENROLLED]
        assert "the token is for yard, not for gate" in next(enroller.problems()).detail


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_token_file_that_is_none_is_said_and_ends_nothing(
    place: Place, content: bytes | None
) -> None:
    if content is not None:
        place.token.write_bytes(content)
    with place.service():
        assert turn(place.enroller()) == [HealthReason.NOT_ENROLLED]
