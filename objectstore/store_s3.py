"""An S3-compatible bucket as object store, through boto3.

Writes are conditional (`If-None-Match: *`) and carry MD5 and SHA-256 of the body, so a conflict and
a damaged upload are the server's to notice. boto3's own retries are off: the caller backs off, and
knows what is being tried. The client may be used from several threads.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict

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
from objectstore.store import (
    NotFound,
    PermanentStoreError,
    Put,
    StoreError,
    TooLarge,
    TransientStoreError,
    check_key,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

AddressingStyle = Literal["path", "virtual"]
Checksums = Literal["sha256", "md5", "none"]

CONFLICTS_IN_A_ROW = 4
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


class _Extra(TypedDict, total=False):
    """What a put asks of the server beside storing."""

    IfNoneMatch: str
    ContentMD5: str
    ChecksumSHA256: str


class S3Store:
    """Objects of one bucket, which must exist."""

    def __init__(self, settings: S3Settings, signature: Any = "s3v4") -> None:
        self._bucket = settings.bucket
        self._settings = settings
        self._client = client_of(settings, signature)

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        check_key(key)
        if not self._settings.conditional_puts:
            if self._is_there(key):
                return "exists"
            return self._put(key, body, content_type, {}) or "exists"
        for _ in range(CONFLICTS_IN_A_ROW):
            outcome = self._put(key, body, content_type, {"IfNoneMatch": "*"})
            if outcome is not None:
                return outcome
        raise TransientStoreError(
            f"{self._bucket}/{key}: others were writing it, {CONFLICTS_IN_A_ROW} times in a row"
        )

    def replace(self, key: str, body: bytes, content_type: str) -> None:
        check_key(key)
        if self._put(key, body, content_type, {}) != "created":
            raise TransientStoreError(f"{self._bucket}/{key}: others were writing it")

    def get(self, key: str, max_bytes: int) -> bytes:
        check_key(key)
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with answer["Body"]:
                return self._body(key, answer, max_bytes)
        except ClientError as error:
            if _code(error) in {"NoSuchKey", "NotFound", "404"}:
                raise NotFound(f"no object {key} in {self._bucket}") from error
            refused(self._bucket, key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)

    def _is_there(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _status(error) == 404:
                return False
            refused(self._bucket, key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)
        return True

    def _put(self, key: str, body: bytes, content_type: str, condition: _Extra) -> Put | None:
        """None: another writer was at it (409), so nothing is known yet."""
        extra: _Extra = {**_sums(body, self._settings.checksums), **condition}
        try:
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                **extra,
            )
        except ClientError as error:
            match _status(error):
                case 412 | 304:  # some servers answer 304
                    return "exists"
                case 409:
                    return None
                case 501 if condition:
                    raise PermanentStoreError(
                        f"{self._bucket}/{key}: 501 {_code(error)}: it knows no conditional puts; "
                        "set `conditional_puts: false`"
                    ) from error
                case _:
                    refused(self._bucket, key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)
        if not answer.get("ETag"):  # a captive portal says 200 to everything
            raise TransientStoreError(f"{self._bucket}/{key}: the answer is not of an S3 server")
        return "created"

    def _body(self, key: str, answer: GetObjectOutputTypeDef, max_bytes: int) -> bytes:
        claimed = answer.get("ContentLength", 0)
        body = b"" if claimed > max_bytes else answer["Body"].read(max_bytes + 1)
        if max(claimed, len(body)) > max_bytes:
            raise TooLarge(f"object {key} has more than {max_bytes} bytes")
        if len(body) < claimed:
            raise TransientStoreError(f"object {key} broke off at {len(body)} of {claimed} bytes")
        return body


def refused(bucket: str, key: str, error: ClientError) -> NoReturn:
    """Raises what an answer of the server means."""
    status, code = _status(error), _code(error)
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


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _sums(body: bytes, mode: Checksums) -> _Extra:
    """What the server is to hold the body against."""
    if mode == "none":
        return {}
    sums: _Extra = {"ContentMD5": _base64(hashlib.md5(body, usedforsecurity=False).digest())}
    if mode == "sha256":
        sums["ChecksumSHA256"] = _base64(hashlib.sha256(body).digest())
    return sums


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


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
