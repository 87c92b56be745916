"""The fleet's authority: the folder that `config/mosquitto/certify FOLDER authority NAME` made.

SHELL. Its list of certificates (`index.txt`) is OpenSSL's, so the script and this module serve one
folder. Every change is made under a lock and written whole. Called by `registrar` and `commands`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.enrol.index import Issued, hexadecimal, line_of, read_line
from contract.possession import UNREADABLE, read_certificate
from service.durable import write_durably

CRL_DAYS = 3650
"""As in the script: the list is made anew at each revocation, and a broker refuses an old one."""

_BACKDATED = timedelta(minutes=10)
"""A gateway's clock may be behind."""


class AuthorityError(Exception):
    """The folder is no authority, or cannot be read or written; the text says what to do."""


class Authority:
    """Signs for gateways and revokes; raises `AuthorityError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._certificate = read_certificate(self._bytes("ca.crt"))
        except ValueError as error:
            raise AuthorityError(f"{folder}/ca.crt is no certificate in PEM: {error}") from error
        try:
            key = load_pem_private_key(self._bytes("ca.key"), password=None)
        except UNREADABLE as error:
            raise AuthorityError(f"{folder}/ca.key is no private key in PEM: {error}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"{folder}/ca.key is not of an elliptic curve")
        if key.public_key() != self._certificate.public_key():
            raise AuthorityError(f"{folder}/ca.key does not belong to {folder}/ca.crt")
        self._key = key
        self.issued()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the folder, among processes and threads."""
        file = self._folder / "lock"
        try:
            opened = file.open("a")
        except OSError as error:
            raise AuthorityError(f"{file} cannot be opened: {error.strerror}") from error
        with opened:
            os.fchmod(opened.fileno(), 0o600)
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield

    @property
    def folder(self) -> Path:
        return self._folder

    def issued(self) -> list[Issued]:
        """Every certificate that was signed here, the oldest first."""
        try:
            lines = self._bytes("index.txt").decode().splitlines()
            return [read_line(line) for line in lines if line]
        except ValueError as error:
            raise AuthorityError(
                f"{self._folder}/index.txt has a line that is none ({error}): put back a copy of it"
            ) from error

    def sign(self, name: str, request: x509.CertificateSigningRequest, days: float) -> bytes:
        """A client's certificate in PEM for `name` and the request's key; call it `locked`."""
        now = datetime.now(UTC)
        serial, ends_at = x509.random_serial_number(), now + timedelta(days=days)
        public = request.public_key()
        issuer = self._certificate
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject)
            .public_key(public)
            .serial_number(serial)
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(ends_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        pem = built.public_bytes(Encoding.PEM)
        issued = Issued(name=name, serial=hexadecimal(serial), ends_at=ends_at)
        self._write(f"issued/{issued.serial}.pem", pem)
        self._write("index.txt", self._bytes("index.txt") + line_of(issued).encode())
        return pem

    def revoke(self, name: str) -> list[Issued]:
        """Ends all good certificates of `name` and renews the broker's list; call it `locked`.

        Those that are new in the list: also of a revocation that came no further than our own file.
        """
        now, before = datetime.now(UTC), self.issued()
        after = [
            replace(one, revoked_at=now) if one.name == name and one.good(now) else one
            for one in before
        ]
        if after != before:
            self._write("index.txt", "".join(map(line_of, after)).encode())
        known = self._in_list()
        news = [one for one in after if one.revoked_at and int(one.serial, 16) not in known]
        if news:
            self._write_list(after, now)
        return [one for one in news if one.name == name]

    def is_of(self, issued: Issued, key: object) -> bool:
        """Whether a certificate is for this public key, as far as its copy is here."""
        try:
            copy = read_certificate(self._bytes(f"issued/{issued.serial}.pem"))
            return bool(copy.public_key() == key)
        except (AuthorityError, ValueError):
            return False

    def knows(self, certificate: x509.Certificate) -> Issued | None:
        """The entry of a certificate that we signed, None for any other."""
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature):
            return None
        serial = hexadecimal(certificate.serial_number)
        return next((one for one in self.issued() if one.serial == serial), None)

    def _in_list(self) -> set[int]:
        """Numbers in the broker's list; none if it is damaged."""
        try:
            found = x509.load_pem_x509_crl(self._bytes("ca.crl"))
        except (AuthorityError, ValueError):
            return set()
        return {one.serial_number for one in found}

    def _write_list(self, issued: list[Issued], now: datetime) -> None:
        number = int(self._bytes("crlnumber").decode().strip() or "1", 16)
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _BACKDATED)
            .next_update(now + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        for one in issued:
            if one.revoked_at is not None:
                built = built.add_revoked_certificate(
                    x509.RevokedCertificateBuilder()
                    .serial_number(int(one.serial, 16))
                    .revocation_date(one.revoked_at)
                    .build()
                )
        signed = built.sign(self._key, hashes.SHA256())
        self._write("ca.crl", signed.public_bytes(Encoding.PEM))
        self._write("crlnumber", f"{number + 1:02X}\n".encode())

    def _bytes(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise AuthorityError(
                f"{self._folder}/{name} cannot be read: {error.strerror}; begin with "
                f"`config/mosquitto/certify {self._folder} authority NAME`"
            ) from error

    def _write(self, name: str, content: bytes) -> None:
        write_for_us(self._folder / name, content)


def write_for_us(path: Path, content: bytes) -> None:
    """Writes a file whole, with the rights it has or for our eyes only; raises `AuthorityError`."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        write_durably(path, content, mode)
    except OSError as error:
        raise AuthorityError(f"{path} cannot be written: {error.strerror}") from error
