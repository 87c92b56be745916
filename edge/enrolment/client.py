"""Asks the enrolment service, over HTTPS, within bounds.

SHELL. No redirect is followed, an answer is read up to its limit, and one that is not whole in time
is given up, however steadily it comes. Called by `enroller`.
"""

from __future__ import annotations

import ssl
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from contract.enrolment import (
    ENROL_PATH,
    LONGEST_BODY,
    RENEW_PATH,
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRequest,
    RenewalRequest,
)
from contract.store_access import SIGN_PATH, StoreAddress, StoreRequest
from edge.config.enrolment import EnrolmentConfig
from service.deadline import ended_after

Granted = TypeVar("Granted", EnrolmentAnswer, StoreAddress)


class ServiceAway(Exception):
    """The service cannot be reached, or what answers is none; the text says why."""


def ask(
    settings: EnrolmentConfig, asked: EnrolmentRequest | RenewalRequest
) -> EnrolmentAnswer | EnrolmentRefusal:
    """For a certificate; raises `ServiceAway`."""
    path = ENROL_PATH if isinstance(asked, EnrolmentRequest) else RENEW_PATH
    return _asked(settings, path, asked, EnrolmentAnswer)


def ask_for_address(
    settings: EnrolmentConfig, asked: StoreRequest
) -> StoreAddress | EnrolmentRefusal:
    """Of one request to the store; raises `ServiceAway`."""
    return _asked(settings, SIGN_PATH, asked, StoreAddress)


def _asked(
    settings: EnrolmentConfig, path: str, asked: BaseModel, granted: type[Granted]
) -> Granted | EnrolmentRefusal:
    try:
        status, body = _post(settings, path, asked.model_dump_json().encode())
    except (HTTPException, OSError, ValueError) as error:
        raise ServiceAway(f"{settings.url}: {error}") from error
    try:
        if status == HTTPStatus.OK:
            return granted.model_validate_json(body)
        refusal = EnrolmentRefusal.model_validate_json(body)
    except ValueError as error:
        raise ServiceAway(f"{settings.url} answers {status} and nothing we understand") from error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServiceAway(f"{settings.url}: {refusal.detail}")
    return refusal


def _post(settings: EnrolmentConfig, path: str, body: bytes) -> tuple[int, bytes]:
    where = urlsplit(settings.url)
    authority = None if settings.ca_file is None else str(settings.ca_file)
    connection = HTTPSConnection(
        where.hostname or "",
        where.port,
        timeout=settings.timeout_s,
        context=ssl.create_default_context(cafile=authority),
    )
    with closing(connection):
        connection.connect()
        with ended_after(connection.sock, settings.timeout_s):
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read(LONGEST_BODY)
