"""An alarm centre as destination, against the receiver `pysiaalarm` and against broken ones."""

from __future__ import annotations

import queue
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pysiaalarm.account import SIAAccount
from pysiaalarm.sync.client import SIAClient

from cloud.notify.alarm_centre_settings import AlarmCentreSettings, CentreAccount
from cloud.notify.dc09 import AlarmCentre
from cloud.notify.delivery import Acknowledged, DeliveryAttempt, NotWanted, TryAgain
from cloud.notify.destination_settings import SecretSource
from cloud.notify.notice import Notice
from cloud.notify.sia_message import encrypted, frame
from service.clock import Clock, SystemClock
from tests.fakes import ManualClock, recorded_events
from tests.links import PATIENCE_S
from tests.processes import HOST, free_port
from tests.raw_server import raw_server
from tests.unit.cloud.notify.notices import a_notice

KEY_TEXT = "0123456789ABCDEF"
KEY = KEY_TEXT.encode()


@contextmanager
def receiver(key: str | None = KEY_TEXT, **account: Any) -> Iterator[tuple[int, queue.Queue[Any]]]:
    """pysiaalarm, and the events that it took."""
    port, came = free_port(), queue.Queue[Any]()
    client = SIAClient(HOST, port, [SIAAccount("1234", key, **account)], came.put)
    client.start()
    try:
        yield port, came
    finally:
        client.stop()


def centre(
    port: int, key: bytes | None = KEY, clock: Clock | None = None, **more: Any
) -> AlarmCentre:
    settings = AlarmCentreSettings(
        host=HOST,
        port=port,
        timeout_s=5,
        accounts={"yard": CentreAccount(account="1234", zones={"gate": 7})},
        key=SecretSource(env="UNUSED"),
        **more,
    )
    return AlarmCentre(settings, key, clock or SystemClock(), random.Random(3))


def an_attempt(number: int = 42, notice: Notice | None = None) -> DeliveryAttempt:
    return DeliveryAttempt(notice=notice or a_notice(), number=number)


@pytest.mark.parametrize("format_", ["SIA-DCS", "ADM-CID"])
@pytest.mark.parametrize("key", [None, KEY])
def test_an_alarm_reaches_another_ones_receiver(format_: str, key: bytes | None) -> None:
    with receiver(KEY_TEXT if key else None) as (port, came):
        outcome = centre(port, key, format=format_).deliver(an_attempt())
        event = came.get(timeout=PATIENCE_S)
    assert outcome == Acknowledged("number 0042")
    assert (event.code, event.account, event.sequence) == ("BA", "1234", "0042")
    assert event.encrypted is (key is not None)


def test_the_whole_life_of_an_alarm_in_codes() -> None:
    first = a_notice(decision="unconfirmed")
    stages = [
        first,
        a_notice().at_stage("changed"),
        a_notice().at_stage("ended"),
        a_notice(kind="tamper"),
        a_notice(kind="test"),
    ]
    with receiver() as (port, came):
        one, codes = centre(port), []
        for number, notice in enumerate(stages, 1):
            assert isinstance(one.deliver(an_attempt(number, notice)), Acknowledged)
            codes.append(came.get(timeout=PATIENCE_S).code)  # the receiver has a thread for each
    assert codes == ["UA", "BV", "BR", "TA", "BX"]


def test_a_wrong_key_is_tried_again_and_told() -> None:
    with receiver() as (port, came):
        outcome = centre(port, b"another key of 1").deliver(an_attempt())
        assert isinstance(outcome, TryAgain)
        assert came.empty()


def test_a_clock_that_is_wrong_is_named_as_the_reason() -> None:
    clock = ManualClock(now=SystemClock().now() - timedelta(hours=1, seconds=30))
    with receiver() as (port, _came):
        outcome = centre(port, clock=clock).deliver(an_attempt())
    assert isinstance(outcome, TryAgain)
    assert "our clock is -36" in outcome.reason


def test_an_account_that_the_receiver_does_not_have_is_no_acknowledgement() -> None:
    with receiver(None) as (port, came):
        one = AlarmCentre(
            AlarmCentreSettings(
                host=HOST, port=port, accounts={"yard": CentreAccount(account="9999")}
            ),
            None,
            SystemClock(),
            random.Random(3),
        )
        assert isinstance(one.deliver(an_attempt()), TryAgain)
        assert came.empty()


def test_a_gateway_without_an_account_is_said() -> None:
    outcome = centre(1).deliver(an_attempt(notice=a_notice(gateway="barn")))
    assert outcome == NotWanted("gateway barn has no account: add it to `accounts`")


def answering(answer: Callable[[bytes], bytes]) -> Callable[[socket.socket, bytes], None]:
    def talk(connection: socket.socket, piece: bytes) -> None:
        said = answer(piece)
        if said:
            connection.sendall(said)
        else:
            connection.close()

    return talk


SECRET = f'"*ACK"0042R0L0#1234[{encrypted("]_06:00:00,03-01-2026", KEY, "a" * 16)}'


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "no answer"),
        (frame('"ACK"0042R0L0#1234[]'), "not encrypted"),
        (frame(SECRET.replace("0042", "0041")), "number 41"),
        (frame(SECRET.replace("1234", "4321")), "account 4321"),
        (frame(SECRET)[:-3] + b"00\r", "CRC"),
        (frame('"NAK"0000R0L0A0[]'), "NAK"),
    ],
)
def test_what_is_no_acknowledgement_of_ours_is_tried_again(answer: bytes, why: str) -> None:
    with raw_server(answering(lambda _piece: answer)) as server:
        outcome = centre(server.port).deliver(an_attempt())
    assert isinstance(outcome, TryAgain)
    assert why in outcome.reason


def test_duh_is_final() -> None:
    duh = frame('"DUH"0042R0L0#1234[]')
    with raw_server(answering(lambda _piece: duh)) as server:
        assert isinstance(centre(server.port).deliver(an_attempt()), NotWanted)


def test_an_acknowledgement_that_is_lost_is_asked_for_under_the_same_number() -> None:
    seen: list[bytes] = []

    def answer(piece: bytes) -> bytes:
        seen.append(piece)
        return b"" if len(seen) == 1 else frame(SECRET)

    with raw_server(answering(answer)) as server:
        one = centre(server.port)
        assert isinstance(one.deliver(an_attempt()), TryAgain)
        assert isinstance(one.deliver(an_attempt()), Acknowledged)
    assert [piece[9:24] for piece in seen] == [b'"*SIA-DCS"0042R'] * 2


def test_a_receiver_that_answers_a_byte_at_a_time_does_not_hold_us() -> None:
    never = threading.Event()

    def drip(connection: socket.socket, _piece: bytes) -> None:
        for byte in b"\n" * 1000:
            connection.sendall(bytes([byte]))
            never.wait(0.1)

    with raw_server(drip) as server:
        settings = AlarmCentreSettings(
            host=HOST,
            port=server.port,
            timeout_s=1,
            accounts={"yard": CentreAccount(account="1234")},
        )
        one = AlarmCentre(settings, None, SystemClock(), random.Random(3))
        assert isinstance(one.deliver(an_attempt()), TryAgain)


def test_the_line_is_supervised_while_nothing_is_sent() -> None:
    clock = ManualClock(now=SystemClock().now())
    with receiver(allowed_timeband=None) as (port, came):
        one = centre(port, clock=clock, supervision_s=60)
        one.idle()
        clock.advance(59)
        one.idle()
        assert came.empty()
        clock.advance(1)
        one.idle()
        event = came.get(timeout=PATIENCE_S)
        assert (event.message_type.value, event.sequence) == ("NULL", "0000")
        one.idle()
        assert came.empty()


def test_a_line_that_is_lost_is_said_and_so_is_its_return() -> None:
    clock = ManualClock(now=SystemClock().now())
    with receiver() as (port, _came):
        lost = centre(free_port(), clock=clock)
        found = centre(port, clock=clock)
    with recorded_events() as lines:
        clock.advance(61)
        lost.idle()
        assert lost.unsupervised == {"yard"}
        found.idle()  # its receiver is gone by now
        with receiver() as (port, _came):
            found._settings = found._settings.model_copy(update={"port": port})
            clock.jump((SystemClock().now() - clock.now()).total_seconds())
            clock.advance(60)
            clock.jump((SystemClock().now() - clock.now()).total_seconds())
            found.idle()
    said = [line.event.value for line in lines]
    assert said == ["supervision_failed", "supervision_failed", "supervision_recovered"]
    assert found.unsupervised == frozenset()
