"""Asks the enrolment service, over HTTPS, within bounds.

SHELL. No redirect is followed, and an answer is read up to its limit. Called by `enroller`.
"""

from __future__ import annotations

from http import HTTPStatus

import urllib3
from pydantic import BaseModel, ValidationError

from contract.enrolment import (
    ENROL_PATH,
    LONGEST_BODY,
    RENEW_PATH,
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRequest,
    RenewalRequest,
)
from edge.config.enrolment import EnrolmentConfig


class ServiceAway(Exception):
    """The service cannot be reached, or what answers is none; the text says why."""


def ask(
    settings: EnrolmentConfig, asked: EnrolmentRequest | RenewalRequest
) -> EnrolmentAnswer | EnrolmentRefusal:
    """One question; raises `ServiceAway`."""
    path = ENROL_PATH if isinstance(asked, EnrolmentRequest) else RENEW_PATH
    try:
        status, body = _post(settings, settings.url + path, asked.model_dump_json().encode())
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise ServiceAway(f"{settings.url}: {error}") from error
    model: type[BaseModel] = EnrolmentAnswer if status == HTTPStatus.OK else EnrolmentRefusal
    try:
        answer = model.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        raise ServiceAway(f"{settings.url} answers {status} and nothing we understand") from error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and isinstance(answer, EnrolmentRefusal):
        raise ServiceAway(f"{settings.url}: {answer.detail}")
    return answer  # type: ignore[return-value]  # one of the two above


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
