"""A destination that is an alarm receiving centre: SIA DC-09 over TCP.

SHELL. A connection per message. ACK of our number, and encrypted where we encrypt, is the end; NAK
(a clock or a key that differs, a damaged message) and silence are tried again with the same number,
by which a receiver knows a repetition; DUH (it knows no such code) is final. While nothing waits,
each account supervises its line by a null message. Called by `destination_worker`.
"""

from __future__ import annotations

import random
import string

from cloud.notify.alarm_centre_settings import AlarmCentreSettings, CentreAccount
from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.notice import Notice
from cloud.notify.sia_codes import CODES, code_of
from cloud.notify.sia_message import (
    NULL_SEQUENCE,
    SiaAccount,
    SiaAnswer,
    SiaError,
    SiaEvent,
    event_message,
    null_message,
    read_answer,
)
from service.clock import Clock
from service.deadline import ended_after
from service.events import Event, log
from service.resolving import connected

MAX_ANSWER_BYTES = 2048
_SKEW_S = 20.0
"""By so much a receiver lets a clock be ahead (DC-09, 5.5.1.9); behind it lets 40 s."""


class AlarmCentre:
    """One receiver."""

    def __init__(
        self, settings: AlarmCentreSettings, key: bytes | None, clock: Clock, rng: random.Random
    ) -> None:
        self._settings, self._key, self._clock, self._rng = settings, key, clock, rng
        self._supervised_s = {name: clock.mono() for name in settings.accounts}
        self._silent: set[str] = set()

    @property
    def with_picture(self) -> bool:
        return False

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        notice, settings = attempt.notice, self._settings
        name = code_of(notice)
        account = settings.accounts.get(notice.gateway)
        if name is None:
            return Acknowledged("nothing to say")
        if account is None:
            return NotWanted(f"gateway {notice.gateway} has no account: add it to `accounts`")
        own = settings.codes.get(name) or CODES[name]
        code = own.sia if settings.format == "SIA-DCS" else own.contact_id
        event = SiaEvent(code=code, zone=_zone(account, notice), area=account.area, at=notice.at)
        message = event_message(
            settings.format,
            event,
            self._account(account),
            attempt.number,
            self._clock.now(),
            self._filler(),
        )
        outcome = self._exchange(message, account, attempt.number)
        if isinstance(outcome, Acknowledged):
            self._supervised_s[notice.gateway] = self._clock.mono()
        return outcome

    def idle(self) -> None:
        """Supervises the lines of which nothing was heard for long enough."""
        every_s, now = self._settings.supervision_s, self._clock.mono()
        for gateway, account in self._settings.accounts.items():
            if every_s and now - self._supervised_s[gateway] >= every_s:
                self._supervised_s[gateway] = now
                self._supervise(gateway, account)

    def _supervise(self, gateway: str, account: CentreAccount) -> None:
        message = null_message(self._account(account), self._clock.now(), self._filler())
        outcome = self._exchange(message, account, NULL_SEQUENCE)
        if isinstance(outcome, Acknowledged):
            if gateway in self._silent:
                self._silent.discard(gateway)
                log(Event.SUPERVISION_RECOVERED, gateway=gateway, account=account.account)
        else:
            self._silent.add(gateway)
            words = {"gateway": gateway, "account": account.account, "reason": outcome.reason}
            log(Event.SUPERVISION_FAILED, **words)

    @property
    def unsupervised(self) -> frozenset[str]:
        """Gateways whose last null message was not acknowledged."""
        return frozenset(self._silent)

    def _account(self, account: CentreAccount) -> SiaAccount:
        settings = self._settings
        return SiaAccount(
            account=account.account.upper(),
            receiver=settings.receiver,
            line=settings.line,
            key=self._key,
        )

    def _filler(self) -> str:
        return "".join(self._rng.choices(string.ascii_letters + string.digits, k=16))

    def _exchange(self, message: bytes, account: CentreAccount, number: int) -> DeliveryOutcome:
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            received = self._ask(message)
            answer = read_answer(received, self._key)
        except (OSError, UnicodeError) as error:
            return TryAgain(f"{where}: {str(error) or type(error).__name__}")
        except SiaError as error:
            return TryAgain(f"{where} answered, but: {error}")
        return self._meaning(answer, account, number)

    def _ask(self, message: bytes) -> bytes:
        """What came up to the end of the first answer; raises `OSError`."""
        settings = self._settings
        time_s = settings.timeout_s
        received = b""
        with (
            connected(settings.host, settings.port, time_s) as connection,
            ended_after(connection, time_s),
        ):
            connection.sendall(message)
            while b"\r" not in received and len(received) < MAX_ANSWER_BYTES:
                piece = connection.recv(1024)
                if not piece:
                    break
                received += piece
        if not received:
            raise ConnectionError("no answer")
        return received

    def _meaning(self, answer: SiaAnswer, account: CentreAccount, number: int) -> DeliveryOutcome:
        if answer.kind == "NAK":
            return TryAgain(self._nak(answer))
        if answer.sequence != number:
            return TryAgain(f"an answer to number {answer.sequence}, not to {number}")
        if answer.account is not None and answer.account.upper() != account.account.upper():
            return TryAgain(f"an answer to account {answer.account}, not to {account.account}")
        if answer.kind == "DUH":
            return NotWanted("the receiver does not know this code (DUH): see `codes`")
        if self._key is not None and not answer.encrypted:
            return TryAgain("an acknowledgement that is not encrypted: it may be forged")
        return Acknowledged(f"number {number:04d}")

    def _nak(self, answer: SiaAnswer) -> str:
        """The receiver's clock tells which of the usual reasons it is."""
        if answer.at is not None:
            apart_s = (self._clock.now() - answer.at).total_seconds()
            if abs(apart_s) > _SKEW_S:
                return f"NAK: our clock is {apart_s:+.0f} s from the receiver's: see to NTP"
        return "NAK: the key, the account or the message is not as the receiver has it"


def _zone(account: CentreAccount, notice: Notice) -> int:
    return account.zones.get(notice.camera, 0) if notice.camera is not None else 0
