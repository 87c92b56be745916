"""The gateway's side of enrolment, on a clock of the test's, against the real service."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloud.enrol.authority import Authority
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import EnrolmentService
from cloud.enrol.tokens import Tokens
from contract.enrolment import EnrolmentRequest
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ServiceAway, ask
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


def test_a_clock_that_is_ahead_does_not_renew_at_every_turn(place: Place) -> None:
    place.new_token()
    enroller = place.enroller()
    with place.service():
        turn(enroller)
        place.clock.advance(70 * DAY_S)
        for _ in range(5):
            turn(enroller)
    assert len(Authority(place.authority).issued()) == 2


def test_a_token_counts_as_used_once_its_certificate_is_kept(place: Place) -> None:
    place.new_token()
    with place.service():
        turn(place.enroller())
        first, authority, kept = place.serial(), Authority(place.authority), place.files.certificate
        with authority.locked():
            authority.revoke("yard")
        place.new_token()
        place.files.certificate = place.token / "no folder"
        assert turn(place.enroller()) == [HealthReason.NOT_ENROLLED]
        place.files.certificate = kept
        assert turn(place.enroller()) == []
        assert place.serial() != first


def test_a_token_that_is_refused_keeps_no_good_certificate_from_being_renewed(
    place: Place,
) -> None:
    place.new_token()
    enroller = place.enroller()
    with place.service():
        turn(enroller)
        first = place.serial()
        place.token.write_text("deadbeef.of-another-fleet")
        assert turn(enroller) == [HealthReason.CERTIFICATE_ENDING], "the token is named"
        assert "unknown_token" in next(enroller.problems()).detail
        place.clock.advance(61 * DAY_S)
        turn(enroller)
        assert place.serial() != first


def test_no_damage_of_key_or_certificate_ends_the_daemon(place: Place) -> None:
    place.new_token()
    with place.service():
        turn(place.enroller())
    for file in (place.files.certificate, place.files.key):
        whole = file.read_bytes()
        head, *body, foot = whole.decode().splitlines()
        der = base64.b64decode("".join(body))
        for at in range(len(der)):
            damaged = der[:at] + bytes((der[at] ^ 0x15,)) + der[at + 1 :]
            text = base64.b64encode(damaged).decode()
            file.write_text(f"{head}\n{text}\n{foot}\n")
            list(place.enroller().problems())
        file.write_bytes(whole)


def test_a_key_of_another_kind_is_kept_aside(place: Place) -> None:
    other = rsa.generate_private_key(65537, 2048)
    place.files.key.parent.mkdir(parents=True)
    text = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place.files.key.write_bytes(text)
    place.files.open_key()
    assert [one.read_bytes() for one in place.files.key.parent.glob("*.corrupt-*")] == [text]


def test_a_service_that_answers_a_byte_now_and_then_is_given_up(place: Place) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert place.own.cert_file is not None
    context.load_cert_chain(place.own.cert_file, place.own.key_file)
    over = threading.Event()
    with socket.create_server((HOST, place.port)) as server:
        thread = threading.Thread(target=_dribble, args=(server, context, over))
        thread.start()
        try:
            impatient = place.config.model_copy(update={"timeout_s": 1.0})
            with pytest.raises(ServiceAway):
                ask(impatient, EnrolmentRequest(token="a.b", request="x"))  # noqa: S106, nobody's
            assert thread.is_alive(), "the service gave up first"
        finally:
            over.set()
            thread.join()


def test_a_services_words_are_short_and_fit_for_a_terminal(place: Place) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert place.own.cert_file is not None
    context.load_cert_chain(place.own.cert_file, place.own.key_file)
    place.new_token()
    with socket.create_server((HOST, place.port)) as server:
        thread = threading.Thread(target=_answer_rubbish, args=(server, context))
        thread.start()
        enroller = place.enroller()
        assert turn(enroller) == [HealthReason.NOT_ENROLLED]
        thread.join()
    (problem,) = enroller.problems()
    assert problem.detail.isprintable()
    assert len(problem.detail) <= 500


def _answer_rubbish(server: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = server.accept()
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
        secure.recv(1)
        secure.sendall(b"\x1b[2J" * 10_000)


def _dribble(server: socket.socket, context: ssl.SSLContext, over: threading.Event) -> None:
    """For half a minute at most."""
    plain, _ = server.accept()
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
        secure.sendall(b"HTTP/1.1 200 OK\r\nX-Filler: ")
        for _ in range(100):
            if over.wait(0.3):
                return
            with suppress(OSError):
                secure.sendall(b"x")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_token_file_that_is_none_is_said_and_ends_nothing(
    place: Place, content: bytes | None
) -> None:
    if content is not None:
        place.token.write_bytes(content)
    with place.service():
        assert turn(place.enroller()) == [HealthReason.NOT_ENROLLED]


def test_a_damaged_key_is_set_aside_and_a_new_one_made(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path)
    first = files.open_key()
    assert files.key.stat().st_mode & 0o077 == 0
    assert files.open_key().private_numbers() == first.private_numbers()
    files.key.write_bytes(b"\0" * 200)
    second = files.open_key()
    assert second.private_numbers() != first.private_numbers()
    assert KeyFiles(tmp_path).open_certificate() is None
