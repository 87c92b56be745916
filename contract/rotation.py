"""How one root of trust follows another, so that keys can be replaced and nobody is locked out.

PURE. After TUF (specification 1.0.34, sections 5.3 and 6.1): the successor has the next number and
is signed by enough keys of both, so whoever lost a key replaces it with the others, and whoever
stole one cannot. Called by the gateway for `trust/desired`, and by the operator's commands.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from contract import ijson
from contract.envelope import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    Refusal,
    RefusalReason,
    envelope_of,
    read_envelope,
)
from contract.trust import ROOT_TYPE, Root, verify
from contract.validation_errors import first_error

MAX_ROOTS = 64
"""In one chain."""


def read_root(content: bytes) -> Root | Refusal:
    """The root that a gateway or an operator starts with, from a file whose place is its
    warrant: plain JSON, or an envelope that its own keys signed."""
    envelope = read_envelope(content)
    if isinstance(envelope, Refusal):
        return envelope if envelope.reason is RefusalReason.TOO_LARGE else _parsed(content)
    root = root_in(envelope)
    if isinstance(root, Refusal):
        return root
    return verify(envelope, root, "root") or root


def root_in(envelope: Envelope) -> Root | Refusal:
    """The root in an envelope, whoever signed it."""
    if envelope.payload_type != ROOT_TYPE:
        return Refusal(RefusalReason.WRONG_KIND, f"{envelope.payload_type} is no root of trust")
    return _parsed(envelope.payload)


def next_root(envelope: Envelope, trusted: Root) -> Root | Refusal:
    """The successor of `trusted`, which may have expired: a new root is the way out of that."""
    if envelope.payload_type != ROOT_TYPE:
        return Refusal(RefusalReason.WRONG_KIND, f"{envelope.payload_type} is no root of trust")
    flaw = verify(envelope, trusted, "root")
    if flaw is not None:
        return Refusal(flaw.reason, f"for root {trusted.version}: {flaw.detail}")
    root = _parsed(envelope.payload)
    if isinstance(root, Refusal):
        return root
    if root.version != trusted.version + 1:
        detail = f"root {root.version}, where {trusted.version + 1} comes next"
        return Refusal(RefusalReason.REPLAYED, detail)
    flaw = verify(envelope, root, "root")
    return root if flaw is None else Refusal(flaw.reason, f"by its own keys: {flaw.detail}")


def open_roots(content: bytes, trusted: Root) -> tuple[Root, Refusal | None]:
    """The newest root to which a chain leads from `trusted`, and why it leads no further if its
    end is not accepted; `trusted` itself with nothing newer. Never raises.

    `<root>/<gateway>/trust/desired` carries the chain: `{"first": 2, "roots": [envelope, ...]}`,
    every root from number `first` on, so that a gateway that was away for several rotations still
    gets there. Those that it has are passed over unread.
    """
    chain = _chain(content)
    if isinstance(chain, Refusal):
        return trusted, chain
    first, links = chain
    current = trusted
    for link in links[max(0, trusted.version + 1 - first) :]:
        envelope = envelope_of(link)
        found = envelope if isinstance(envelope, Refusal) else next_root(envelope, current)
        if isinstance(found, Refusal):
            return current, found
        current = found
    return current, None


def write_roots(first: int, envelopes: Sequence[bytes]) -> bytes:
    """The chain as it is published; `envelopes` in JSON, the first of root number `first`."""
    return b'{"first":%d,"roots":[%b]}' % (first, b",".join(envelopes))


def _chain(content: bytes) -> tuple[int, list[object]] | Refusal:
    if len(content) > MAX_ENVELOPE_BYTES:
        detail = f"{len(content)} bytes, over {MAX_ENVELOPE_BYTES} bytes"
        return Refusal(RefusalReason.TOO_LARGE, detail)
    try:
        document = ijson.parse(content)
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, f"no chain of roots: {error}")
    match document:
        case {"first": int(first), "roots": list(roots)} if len(roots) <= MAX_ROOTS:
            return first, roots
        case _:
            detail = f"no chain of roots: it has first, and roots, at most {MAX_ROOTS} envelopes"
            return Refusal(RefusalReason.MALFORMED, detail)


def _parsed(content: bytes) -> Root | Refusal:
    try:
        ijson.parse(content)
        return Root.model_validate_json(content)
    except ValidationError as error:
        return Refusal(RefusalReason.INVALID, f"root of trust: {first_error(error)}")
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, f"root of trust: {error}")
