"""That the certificate of an enrolled gateway stands behind the key of its proof of watch.

PURE. The certificate's key (ECDSA P-256) signs a statement with the gateway's id and the watch key.
Who has the fleet's authority can so tell a gateway's own key from one that somebody made for it.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.ids import GatewayId
from contract.possession import UNREADABLE, is_proven, prove, read_certificate
from contract.watch import WatchEntry

_BINDING = b"io.stillwatch.watch-key.v1"


def vouch(key: ec.EllipticCurvePrivateKey, gateway: GatewayId, watch_key: str) -> str:
    """The `certificate_proof` of an entry; `watch_key` as the entry names it."""
    return prove(key, _said(gateway, watch_key))


def binding_flaw(entry: WatchEntry, authority: x509.Certificate) -> str | None:
    """What is wrong with an entry's certificate, None if the `authority` issued it for this
    gateway, for the time of the entry, and its key vouches for the entry's."""
    if entry.certificate is None or entry.certificate_proof is None:
        return "it carries no certificate"
    try:
        certificate = read_certificate(entry.certificate.encode())
        certificate.verify_directly_issued_by(authority)
    except (*UNREADABLE, InvalidSignature) as error:
        return f"its certificate is not of this authority: {error}"
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [one.value for one in names] != [entry.gateway]:
        return f"its certificate is not for {entry.gateway}"
    if not certificate.not_valid_before_utc <= entry.ends <= certificate.not_valid_after_utc:
        return "its certificate was not valid at that time"
    if not is_proven(certificate, _said(entry.gateway, entry.key), entry.certificate_proof):
        return "its certificate does not vouch for its key"
    return None


def _said(gateway: GatewayId, watch_key: str) -> bytes:
    return b" ".join((_BINDING, gateway.encode(), watch_key.encode()))
