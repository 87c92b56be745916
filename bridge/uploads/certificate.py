"""The certificate that cameras see when they upload over TLS.

SHELL (reads the files). One context for FTP, which takes pyOpenSSL's, and one for mail, which takes
the standard library's; both from the same files, TLS 1.2 at least. Called by `listeners`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from OpenSSL import SSL

from bridge.config import BridgeConfigError, UploadsConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTls:
    """Both servers' contexts; `required` refuses logins and pictures in the clear."""

    ftp: SSL.Context
    smtp: ssl.SSLContext
    required: bool


def upload_tls(uploads: UploadsConfig) -> UploadTls | None:
    """None without a certificate; raises `BridgeConfigError` for one that cannot be used."""
    if uploads.cert_file is None:
        return None
    cert, key = uploads.cert_file, uploads.key_file or uploads.cert_file
    names = f"uploads.cert_file {cert}, key {key}"
    for file in (cert, key):
        if not file.is_file():
            raise BridgeConfigError(f"{names}: {file} is not there or cannot be read")
    smtp = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    smtp.minimum_version = ssl.TLSVersion.TLSv1_2
    ftp = SSL.Context(SSL.TLS_SERVER_METHOD)
    ftp.set_min_proto_version(SSL.TLS1_2_VERSION)
    try:
        smtp.load_cert_chain(cert, key, password=_no_passphrase)
        ftp.use_certificate_chain_file(str(cert))
        ftp.use_privatekey_file(str(key))
    except (OSError, SSL.Error) as error:
        words = f"{names}: PEM of a certificate and its key without a passphrase is needed: {error}"
        raise BridgeConfigError(words) from error
    return UploadTls(ftp=ftp, smtp=smtp, required=uploads.require_tls)


def _no_passphrase() -> str:
    """In place of a question at the terminal."""
    return ""
