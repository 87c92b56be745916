"""The client of an S3-compatible bucket: its settings, its credentials, and what its answers mean.

SHELL, through boto3. boto3's own retries are off: the caller backs off, and knows what is being
tried. A client may be used from several threads. Called by whatever speaks S3 here.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    SSLError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from objectstore.http_pace import pace
from objectstore.store import PermanentStoreError, StoreError, TransientStoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AddressingStyle = Literal["path", "virtual"]
Checksums = Literal["sha256", "md5", "none"]

CONNECTIONS = 16

# Refusals in the 400s that say nothing about the request itself.
_PASSING = {
    "BadDigest",
    "ExpiredToken",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
}

_PASSING_FAILURES = (
    NoConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where the bucket is; without `credentials_file`, boto3's usual chain finds the identity.

    `ca_file`: PEM of the authority that vouches for the endpoint; `addressing_style`: absent, AWS's
    own for AWS and `path` elsewhere; `checksums`: `sha256` sends MD5 too. Without
    `conditional_puts` a put asks first whether there is an object: of two who write one key at the
    same moment both may then believe that they created it.
    """

    bucket: str
    endpoint_url: str | None = None
    region: str = "us-east-1"
    credentials_file: Path | None = None
    timeout_s: float = 10.0
    ca_file: Path | None = None
    addressing_style: AddressingStyle | None = None
    checksums: Checksums = "sha256"
    conditional_puts: bool = True


def client_of(settings: S3Settings, signature: Any = "s3v4") -> S3Client:
    """A client for the bucket, safe between threads; raises `PermanentStoreError`.

    `signature`: botocore's name of one, or its `UNSIGNED`.
    """
    usual: Literal["auto", "path"] = "auto" if settings.endpoint_url is None else "path"
    config = Config(
        signature_version=signature,
        s3={"addressing_style": settings.addressing_style or usual},
        connect_timeout=settings.timeout_s,
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=CONNECTIONS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        client: S3Client = session_of(settings).client(
            "s3",
            endpoint_url=settings.endpoint_url,
            region_name=settings.region,
            verify=None if settings.ca_file is None else str(settings.ca_file),
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise PermanentStoreError(f"cannot use bucket {settings.bucket}: {error}") from error
    pace(client)
    return client


def session_of(settings: S3Settings) -> boto3.session.Session:
    """With the credentials for the bucket; raises `PermanentStoreError`."""
    access, secret, token = _credentials(settings.credentials_file)
    return boto3.session.Session(access, secret, token)


def _credentials(file: Path | None) -> tuple[str | None, str | None, str | None]:
    """Access key, secret and session token of the first section of an INI file."""
    if file is None:
        return None, None, None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text())
        section = parser[parser.sections()[0]]
        access, secret = section["aws_access_key_id"], section["aws_secret_access_key"]
    except (OSError, UnicodeDecodeError, configparser.Error, IndexError, KeyError) as error:
        raise PermanentStoreError(
            f"credentials file {file} needs a section with aws_access_key_id and "
            f"aws_secret_access_key: {type(error).__name__}"
        ) from error
    return access, secret, section.get("aws_session_token")


def refused(bucket: str, key: str, error: ClientError) -> NoReturn:
    """Raises what an answer of the server means."""
    status, code = status_of(error), code_of(error)
    words = error.response.get("Error", {}).get("Message") or "no message"
    passing = status >= 500 or status in {408, 429} or code in _PASSING
    kind: type[StoreError] = TransientStoreError if passing else PermanentStoreError
    raise kind(f"{bucket}/{key}: {status} {code}: {words}") from error


def failed(bucket: str, key: str, error: BotoCoreError) -> NoReturn:
    """Raises what it means that there was no answer."""
    passing = isinstance(error, _PASSING_FAILURES)
    kind: type[StoreError] = TransientStoreError if passing else PermanentStoreError
    hint = "; set `ca_file` if its authority is your own" if isinstance(error, SSLError) else ""
    if isinstance(error, NoCredentialsError):
        hint = "; set `credentials_file`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    raise kind(f"{bucket}/{key}: {error}{hint}") from error


def status_of(error: ClientError) -> int:
    """Of HTTP; 0 if there was none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def code_of(error: ClientError) -> str:
    """The server's word for it."""
    return error.response.get("Error", {}).get("Code", "")
