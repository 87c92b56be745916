"""Asks the enrolment service, over HTTPS, within bounds.

SHELL. No redirect is followed, and an answer is read up to its limit. Called by `enroller`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import urllib3
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
        status, body = _post(settings, settings.url + path, asked.model_dump_json().encode())
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
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


def _post(settings: EnrolmentConfig, url: str, body: bytes) -> tuple[int, bytes]:
    ca = None if settings.ca_file is None else str(settings.ca_file)
    timeout = urllib3.Timeout(total=settings.timeout_s)
    with (
        urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=ca, timeout=timeout) as pool,
        pool.request(
            "POST",
            url,
            body=body,
            headers={"Content-Type": "application/json"},
            retries=False,
            redirect=False,
            preload_content=False,
        ) as response,
    ):
        return response.status, response.read(LONGEST_BODY, decode_content=False)
