"""Sees to it that the gateway has a good certificate: asks for the first, renews in time.

SHELL, on a thread of its own, which waits for nobody and for which nobody waits. Until there is a
certificate the gateway watches, and keeps what it would report. The service's answers are logged
and named in health. Made by `daemon.gateway`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509

from contract.enrolment import (
    LONGEST_TOKEN,
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRequest,
    RenewalRequest,
)
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ServiceAway, ask
from edge.enrolment.key_files import KeyFiles, name_of, pem, proof_of, renew_at, request_for
from edge.health.reasons import HealthReason, Problem
from service.backoff import delay_s
from service.clock import Clock
from service.events import Event, log

LOOK_S = 1.0
"""Between looks at the clock."""

MOST_S = 900.0
"""Between two tries."""

FIRST_S, LEAST_S = 5.0, 30.0
"""After the first failure, and the least after any other."""


_MOST_WORDS = 500
"""Characters of a reason, which health repeats in a retained message."""


@dataclass(slots=True)
class _Tries:
    failed: int = 0
    next_s: float = 0.0
    trouble: str = ""
    token: str = ""
    """By which the last answer was got; it is used up once the certificate is kept."""


class Enroller:
    """One gateway's certificate; `step` is a worker's."""

    def __init__(
        self,
        settings: EnrolmentConfig,
        files: KeyFiles,
        gateway: str,
        clock: Clock,
        rng: random.Random | None = None,
    ) -> None:
        self._settings, self._files, self._gateway = settings, files, gateway
        self._clock, self._rng = clock, rng or random.Random()
        self._tries = _Tries()
        self._certificate = self._usable()

    def step(self, stopping: threading.Event) -> None:
        """Asks if it is time to, then waits a moment."""
        if self.due and self._clock.mono() >= self._tries.next_s:
            self._try()
        self._clock.wait(stopping, LOOK_S)

    @property
    def due(self) -> bool:
        """Whether a certificate is wanted."""
        held = self._certificate
        if held is None or self._clock.now() >= renew_at(held):
            return True
        with suppress(OSError, ValueError):
            return self._files.is_new(self._token())
        return False

    def problems(self) -> Iterator[Problem]:
        """For the gateway's health: no certificate, or one whose renewal fails."""
        held, trouble = self._certificate, self._tries.trouble
        if held is None:
            detail = trouble or "the service was not asked yet"
            yield Problem(reason=HealthReason.NOT_ENROLLED, detail=detail)
        elif trouble:
            ends = f"ends at {held.not_valid_after_utc:%FT%TZ}"
            yield Problem(reason=HealthReason.CERTIFICATE_ENDING, detail=f"{ends}: {trouble}")

    def _usable(self) -> x509.Certificate | None:
        """The certificate on disk, if it is for this name and not over."""
        found = self._files.open_certificate()
        if found is None or name_of(found) != self._gateway:
            return None
        return found if self._clock.now() < found.not_valid_after_utc else None

    def _try(self) -> None:
        try:
            answer = self._asked()
        except (ServiceAway, OSError, ValueError) as error:
            self._failed(str(error))
            return
        if isinstance(answer, EnrolmentRefusal):
            self._failed(f"refused as {answer.reason}: {answer.detail}")
        else:
            self._keep(answer)

    def _asked(self) -> EnrolmentAnswer | EnrolmentRefusal:
        """A new token is tried first: somebody put it there, perhaps after a revocation. One that
        is refused, such as a fleet's next, keeps no certificate from being renewed."""
        key, held, token = self._files.open_key(), self._files.open_certificate(), self._token()
        request = request_for(key, self._gateway)
        refusal: EnrolmentRefusal | None = None
        if token and (held is None or self._files.is_new(token)):
            answer = ask(self._settings, EnrolmentRequest(token=token, request=pem(request)))
            if isinstance(answer, EnrolmentAnswer):
                self._tries.token = token
                return answer
            refusal = answer
        if held is None or (refusal and self._clock.now() < renew_at(held)):
            if refusal is None:
                raise ServiceAway("no certificate, and no `enrolment.token_file` to get one with")
            return refusal
        proof = proof_of(key, request)
        asked = RenewalRequest(certificate=pem(held), request=pem(request), proof=proof)
        renewed = ask(self._settings, asked)
        return refusal if refusal and isinstance(renewed, EnrolmentRefusal) else renewed

    def _token(self) -> str:
        """What the operator gave; empty if nothing. Raises `OSError`, `ValueError`."""
        file = self._settings.token_file
        if file is None or (not file.exists() and self._certificate is not None):
            return ""
        with file.open("rb") as opened:
            text = opened.read(2 * LONGEST_TOKEN).decode("utf-8-sig").strip()
        if len(text) > LONGEST_TOKEN:
            raise ValueError(f"{file} holds no token, which is of one line")
        return text

    def _keep(self, answer: EnrolmentAnswer) -> None:
        try:
            self._files.keep(answer.certificate)
            if self._tries.token:
                self._files.used(self._tries.token)
        except (OSError, ValueError) as error:
            self._failed(f"the certificate cannot be kept: {error}")
            return
        self._certificate = self._usable()
        self._tries = _Tries()
        if self._certificate is None:
            self._failed("the service's certificate is for another gateway, or over already")
            return
        now, ends_at = self._clock.now(), self._certificate.not_valid_after_utc
        if now >= renew_at(self._certificate):  # by a clock that is ahead
            left_s = (ends_at - now).total_seconds()
            self._tries.next_s = self._clock.mono() + min(MOST_S, max(FIRST_S, left_s / 3))
        log(Event.CERTIFICATE_RECEIVED, gateway=self._gateway, until=answer.expires_at)

    def _failed(self, said: str) -> None:
        """In words that may be the service's own: cut, and fit for a terminal."""
        words = "".join(sign if sign.isprintable() else "?" for sign in said[:_MOST_WORDS])
        tries = self._tries
        later_s = max(LEAST_S, delay_s(tries.failed + 3, MOST_S, self._rng))
        wait_s = later_s if tries.failed else FIRST_S
        tries.failed, tries.trouble = tries.failed + 1, words
        tries.next_s = self._clock.mono() + wait_s
        log(Event.ENROLMENT_FAILED, reason=words, again_in_s=round(wait_s))
