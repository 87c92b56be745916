"""Signs requests to the object store for gateways: the address of one request, for some minutes.

SHELL, though it sends nothing: the signature is made here, from the credentials of the service's
own store. Source of the form: AWS Signature Version 4, query string; botocore computes it. Called
by `registrar`.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore import UNSIGNED
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

from contract.store_access import Method
from objectstore.s3_client import S3Settings, client_of, failed, session_of
from objectstore.store import PermanentStoreError

GOOD_FOR_S = 300


class StoreSigner:
    """For one bucket; raises `PermanentStoreError` when made without usable credentials."""

    def __init__(self, settings: S3Settings) -> None:
        credentials = session_of(settings).get_credentials()
        if credentials is None:
            raise PermanentStoreError(
                f"{settings.bucket}: no credentials to sign with; set `credentials_file`, or "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        self._settings, self._credentials = settings, credentials
        self._client = client_of(settings, UNSIGNED)

    def address(self, method: Method, key: str, headers: Mapping[str, str]) -> str:
        """The URL for a request with these headers, no more and no less; raises `StoreError`."""
        bucket, region = self._settings.bucket, self._client.meta.region_name
        plain = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}
        )
        request = AWSRequest(method=method, url=plain, headers=dict(headers))
        try:
            S3SigV4QueryAuth(self._credentials, "s3", region, GOOD_FOR_S).add_auth(request)
        except BotoCoreError as error:  # credentials that are over, and no new ones
            failed(bucket, key, error)
        return str(request.url)
