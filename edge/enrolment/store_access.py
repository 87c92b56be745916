"""Addresses for requests to the object store, by the gateway's certificate instead of credentials.

SHELL, from any thread. A clock that the service finds wrong is corrected by the service's, for this
alone. Made by `daemon.connections`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from contract.enrolment import EnrolmentRefusal, EnrolmentRefused
from contract.possession import prove
from contract.store_access import Method, StoreAddress, StoreRequest, store_statement
from edge.config.enrolment import EnrolmentConfig
from edge.enrolment.client import ServiceAway, ask_for_address
from edge.enrolment.key_files import KeyFiles, pem
from objectstore.store import PermanentStoreError, StoreError, TransientStoreError
from service.clock import Clock

_FOR_GOOD = (
    EnrolmentRefused.NOT_OFFERED,
    EnrolmentRefused.WRONG_KEY,
    EnrolmentRefused.BAD_REQUEST,
)
"""What no later try and no new certificate makes good."""


class StoreAccess:
    """Signed addresses, one at a time."""

    def __init__(self, settings: EnrolmentConfig, files: KeyFiles, clock: Clock) -> None:
        self._settings, self._files, self._clock = settings, files, clock
        self._ahead = timedelta()

    def sign(self, method: str, key: str, headers: Mapping[str, str]) -> str:
        """The address for the request; raises `StoreError`."""
        asked = StoreRequest(
            certificate=self._certificate(),
            at=self._clock.now() + self._ahead,
            method=cast("Method", method),
            key=key,
            headers=dict(headers),
        )
        answer = self._ask(asked)
        if isinstance(answer, EnrolmentRefusal) and answer.now is not None:
            self._ahead = answer.now - self._clock.now()
            answer = self._ask(asked.model_copy(update={"at": answer.now}))
        if isinstance(answer, EnrolmentRefusal):
            kind: type[StoreError] = (
                PermanentStoreError if answer.reason in _FOR_GOOD else TransientStoreError
            )
            raise kind(f"{self._settings.url} signs nothing for {key}: {answer.detail}")
        return answer.url

    def _ask(self, asked: StoreRequest) -> StoreAddress | EnrolmentRefusal:
        try:
            proof = prove(self._files.open_key(), store_statement(asked))
            return ask_for_address(self._settings, asked.model_copy(update={"proof": proof}))
        except (ServiceAway, OSError) as error:
            raise TransientStoreError(str(error)) from error

    def _certificate(self) -> str:
        held = self._files.open_certificate()
        if held is None:
            raise TransientStoreError("this gateway has no certificate yet (`not_enrolled`)")
        return pem(held)
