"""Certificates for tests, made with openssl: authorities, and what they sign for loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

from service.link import TlsFiles
from tests.processes import binary


def authority(folder: Path, name: str) -> Path:
    """A certificate authority; its certificate, with the key beside it."""
    certificate = folder / f"{name}.crt"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(certificate)),
    )
    return certificate


RSA = ("rsa:2048",)
EC = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def issue(
    folder: Path, signer: Path, name: str, days: int = 2, key_type: tuple[str, ...] = RSA
) -> TlsFiles:
    """A certificate for the loopback address, signed by `signer`, over after `days`."""
    key, request, certificate = (folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *("req", "-newkey", *key_type, "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", str(key), "-out", str(request)),
    )
    openssl(
        *("x509", "-req", "-days", str(days), "-in", str(request), "-CA", str(signer)),
        *("-CAkey", str(signer.with_suffix(".key")), "-CAcreateserial"),
        *("-extfile", str(extensions), "-out", str(certificate)),
    )
    return TlsFiles(ca_file=signer, cert_file=certificate, key_file=key)


def openssl(*arguments: str) -> None:
    """One call that must succeed."""
    tool = binary("openssl", "apt-get install openssl")
    done = subprocess.run([tool, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
