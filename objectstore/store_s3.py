"""An S3-compatible bucket as object store, through boto3.

Writes are conditional (`If-None-Match: *`) and carry MD5 and SHA-256 of the body, so a conflict and
a damaged upload are the server's to notice. It may be used from several threads.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from objectstore.s3_client import (
    Checksums,
    S3Settings,
    client_of,
    code_of,
    failed,
    refused,
    status_of,
)
from objectstore.store import (
    NotFound,
    ObjectPart,
    PermanentStoreError,
    Put,
    TooLarge,
    TransientStoreError,
    check_key,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

CONFLICTS_IN_A_ROW = 4
_CHUNK_BYTES = 64 * 1024
_NOT_THERE = {"NoSuchKey", "NotFound", "404"}
_OTHERWISE = {412, 416}
"""It is not the object that was begun, or is shorter now."""


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
        answer = self._opened(key)
        try:
            with closing(answer["Body"]):
                return self._body(key, answer, max_bytes)
        except BotoCoreError as error:
            failed(self._bucket, key, error)

    @contextmanager
    def read_from(self, key: str, begin: int, etag: str) -> Iterator[ObjectPart]:
        check_key(key)
        answer = self._continued(key, begin, etag) if begin and etag else None
        if answer is None:
            answer = self._opened(key)
        with closing(answer["Body"]):
            yield self._part(key, answer)

    def _continued(self, key: str, begin: int, etag: str) -> GetObjectOutputTypeDef | None:
        """From `begin` on; None if it is another object now, or the server gives no ranges."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={begin}-", IfMatch=etag
            )
        except ClientError as error:
            if status_of(error) in _OTHERWISE:
                return None
            self._refused(key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)
        if _begin(answer) == begin and answer.get("ETag") == etag:
            return answer
        answer["Body"].close()  # something in between took no notice of what was asked
        return None

    def _opened(self, key: str) -> GetObjectOutputTypeDef:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            self._refused(key, error)
        except BotoCoreError as error:
            failed(self._bucket, key, error)

    def _refused(self, key: str, error: ClientError) -> NoReturn:
        if code_of(error) in _NOT_THERE:
            raise NotFound(f"no object {key} in {self._bucket}") from error
        refused(self._bucket, key, error)

    def _part(self, key: str, answer: GetObjectOutputTypeDef) -> ObjectPart:
        begin, length = _begin(answer), answer.get("ContentLength")
        etag = answer.get("ETag", "")
        return ObjectPart(
            begin=begin,
            size=None if length is None else begin + length,
            etag=etag if _STRONG.fullmatch(etag) else "",
            chunks=self._chunks(key, answer, length or 0),
        )

    def _chunks(self, key: str, answer: GetObjectOutputTypeDef, length: int) -> Iterator[bytes]:
        """Raises `TransientStoreError` where the answer breaks off."""
        got = 0
        try:
            while chunk := answer["Body"].read(_CHUNK_BYTES):
                got += len(chunk)
                yield chunk
        except BotoCoreError as error:
            failed(self._bucket, key, error)
        if got < length:
            raise TransientStoreError(f"object {key} broke off at {got} of {length} bytes")

    def _is_there(self, key: str) -> bool:
        try:
            self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if status_of(error) == 404:
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
            match status_of(error):
                case 412 | 304:  # some servers answer 304
                    return "exists"
                case 409:
                    return None
                case 501 if condition:
                    raise PermanentStoreError(
                        f"{self._bucket}/{key}: 501 {code_of(error)}: it knows no conditional "
                        "puts; set `conditional_puts: false`"
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


_STRONG = re.compile(r'"[!#-~]{1,256}"')
"""An ETag that names the very bytes, as RFC 9110 has it; any other cannot be continued from."""
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/\d{1,18}")


def _begin(answer: GetObjectOutputTypeDef) -> int:
    """The first byte of the object that is in the answer; 0 of a whole one."""
    found = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
    return int(found[1]) if found else 0


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
