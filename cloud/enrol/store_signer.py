"""Signs requests to the object store for gateways: the address of one request, for some minutes.

SHELL, though it sends nothing: the signature is made here, from the credentials of the service's
own store. Source of the form: AWS Signature Version 4, query string; botocore computes it. Called
by `registrar`.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from contract.store_access import Method
from objectstore.store_s3 import S3Settings, client_of

GOOD_FOR_S = 300


class StoreSigner:
    """For one bucket; raises `PermanentStoreError` when made without usable credentials."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client = client_of(settings)

    def address(self, method: Method, key: str, headers: Mapping[str, str]) -> str:
        """The URL for a request with these headers, no more and no less."""
        plain = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._settings.bucket, "Key": key}
        ).partition("?")[0]
        request = AWSRequest(method=method, url=plain, headers=dict(headers))
        credentials = self._client._request_signer._credentials  # type: ignore[attr-defined]
        region = self._client.meta.region_name
        S3SigV4QueryAuth(credentials, "s3", region, expires=GOOD_FOR_S).add_auth(request)
        return str(request.url)
