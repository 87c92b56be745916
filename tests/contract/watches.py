"""Entries of a proof of watch, as a gateway writes them hour by hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from contract.chain import START
from contract.ids import CameraId, GatewayId
from contract.signature import Signer, new_signer
from contract.watch import SealedEntry, WatchedCamera, WatchEntry, key_text, seal_entry

NORTH = GatewayId("north")
GATE = CameraId("gate")
BEGIN = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Changes = Mapping[int, Mapping[str, object]]
"""What is otherwise in the entry of a number."""

OURS, OTHERS = new_signer(), new_signer()


def entry_of(number: int, previous: str, **changes: object) -> WatchEntry:
    """The entry of the `number`-th hour."""
    begins = BEGIN + (number - 1) * HOUR
    seen = WatchedCamera(
        received=100 + number, rejected={"not_a_picture": 3}, quiet=90, analysed=7 + number
    )
    values: dict[str, object] = {
        "gateway": NORTH,
        "key": key_text(OURS),
        "number": number,
        "previous": previous,
        "run": "1",
        "program": "1.0",
        "config_sha256": "c" * 64,
        "model_sha256": "d" * 64,
        "begins": begins,
        "begins_synchronised": True,
        "ends": begins + HOUR,
        "ends_synchronised": True,
        "elapsed_s": HOUR.total_seconds(),
        "closed": "period",
        "cameras": {GATE: seen},
    }
    return WatchEntry.model_validate(values | changes)


def chain_of(
    hours: int,
    signer: Signer = OURS,
    changes: Changes | None = None,
    **of_all: object,
) -> list[SealedEntry]:
    """So many hours; `changes` by number, `of_all` for every entry."""
    chain: list[SealedEntry] = []
    for number in range(1, hours + 1):
        previous = chain[-1].sha256 if chain else START
        special = dict(of_all) | dict((changes or {}).get(number, {}))
        entry = entry_of(number, previous, **({"key": key_text(signer)} | special))
        chain.append(seal_entry(entry, signer))
    return chain


def files_of(chain: Sequence[SealedEntry]) -> dict[str, bytes]:
    """By name, as they lie in a folder."""
    return {f"{one.entry.number:010d}-{one.sha256[:8]}": one.content for one in chain}


@dataclass(frozen=True, slots=True)
class FleetAuthority:
    """Issues certificates for a year from `begins`."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def certify(self, name: str, key: ec.EllipticCurvePrivateKey) -> bytes:
        """A gateway's, in PEM."""
        return _certificate(name, key, "fleet", self.key).public_bytes(Encoding.PEM)


def new_authority() -> FleetAuthority:
    """One that nobody has had before; all have the same name."""
    key = ec.generate_private_key(ec.SECP256R1())
    return FleetAuthority(key, _certificate("fleet", key, "fleet", key))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=name == issuer, path_length=None)
    builder = x509.CertificateBuilder().subject_name(_named(name)).issuer_name(_named(issuer))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(BEGIN).not_valid_after(BEGIN + 365 * 24 * HOUR)
    return builder.add_extension(constraints, critical=True).sign(signer, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
