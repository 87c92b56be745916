"""Envelopes: DSSE as `securesystemslib` has it, and nothing that only looks like it."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import Key, SSlibKey

from contract.envelope import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    Refusal,
    RefusalReason,
    add_signature,
    read_envelope,
    seal,
    write_envelope,
)
from contract.signature import Keyring
from tests.contract.orders import ALICE, BOB, CAROL

TYPES = st.text(st.characters(codec="ascii"), min_size=1, max_size=40)
GOOD = json.loads(write_envelope(seal("text/plain", b"hello", [ALICE])))


def _theirs(content: bytes) -> TheirEnvelope:
    return TheirEnvelope.from_dict(json.loads(content))


@given(TYPES, st.binary(max_size=200))
def test_what_we_sign_is_verified_by_securesystemslib(kind: str, payload: bytes) -> None:
    ours = seal(kind, payload, [ALICE, BOB])
    theirs = _theirs(write_envelope(ours))
    assert theirs.pae() == ours.signed
    keys: list[Key] = [SSlibKey.from_crypto(one.public, keyid=one.key_id) for one in (ALICE, BOB)]
    assert set(theirs.verify(keys, 2)) == {ALICE.key_id, BOB.key_id}


@given(TYPES, st.binary(max_size=200))
def test_what_securesystemslib_signs_is_verified_by_us(kind: str, payload: bytes) -> None:
    envelope = TheirEnvelope(payload, kind, {})
    key = SSlibKey.from_crypto(CAROL.public, keyid=CAROL.key_id)
    envelope.sign(CryptoSigner(CAROL._private, key))
    ours = read_envelope(json.dumps(envelope.to_dict()).encode())
    assert isinstance(ours, Envelope)
    assert (ours.payload_type, ours.payload) == (kind, payload)
    assert Keyring([CAROL.public]).distrust(ours.signed, ours.signatures[0]) is None


@given(st.binary(max_size=300))
def test_what_is_written_is_read_again_and_a_signer_counts_once(payload: bytes) -> None:
    envelope = seal("text/plain", payload, [ALICE, BOB])
    assert read_envelope(write_envelope(envelope)) == envelope
    again = add_signature(envelope, ALICE)
    assert sorted(one.key_id for one in again.signatures) == sorted((ALICE.key_id, BOB.key_id))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_it_raise(content: bytes) -> None:
    assert isinstance(read_envelope(content), Refusal)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just(GOOD),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["payloadType", "payload", "signatures", "keyid", "sig", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=10,
    ),
    st.sampled_from(["payloadType", "payload", "signatures"]),
)
def test_no_document_makes_it_raise(value: object, key: str) -> None:
    for document in (value, GOOD | {key: value}):
        found = read_envelope(json.dumps(document).encode())
        assert isinstance(found, Refusal | Envelope)


def test_the_url_alphabet_is_base64_too() -> None:
    payload = b"\xfb\xff\xfe" * 3
    plain = json.loads(write_envelope(seal("t", payload, [ALICE])))
    spelled = plain | {"payload": base64.urlsafe_b64encode(payload).decode()}
    assert spelled["payload"] != plain["payload"]
    assert read_envelope(json.dumps(spelled).encode()) == read_envelope(json.dumps(plain).encode())


ONE = GOOD["signatures"][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"payload": "aGVsbG8"}, "base64"),
        ({"payload": "aGVsbG8=\n"}, "base64"),
        ({"payload": "aGVsbG9="}, "not how these bytes are spelled"),
        ({"payload": "aGV sbG8="}, "base64"),
        ({"payload": "ä"}, "base64"),
        ({"payload": ["aGVsbG8="]}, "it has payloadType"),
        ({"payloadType": ""}, "payloadType"),
        ({"payloadType": "x" * 200}, "payloadType"),
        ({"payloadType": "té"}, "payloadType"),
        ({"more": 1}, "nothing else"),
        ({"signatures": [ONE, ONE]}, "same key"),
        ({"signatures": [ONE | {"keyid": str(one)} for one in range(17)]}, "17 signatures"),
        ({"signatures": [ONE | {"sig": "aGVsbG8="}]}, "5 bytes"),
        ({"signatures": [ONE | {"cert": "x"}]}, "nothing else"),
        ({"signatures": [{"sig": ONE["sig"]}]}, "keyid"),
        ({"signatures": [ONE | {"keyid": ""}]}, "keyid"),
        ({"signatures": {"0": ONE}}, "it has payloadType"),
    ],
)
def test_what_is_not_an_envelope_is_called_malformed(change: dict[str, object], words: str) -> None:
    found = read_envelope(json.dumps(GOOD | change).encode())
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.MALFORMED
    assert words in found.detail


def test_the_same_key_twice_is_not_the_last_one_but_malformed() -> None:
    text = json.dumps(GOOD).replace('"payload":', '"payload": "aGVsbG8=", "payload":')
    found = read_envelope(text.encode())
    assert isinstance(found, Refusal)
    assert "same key twice" in found.detail


def test_too_large_is_said_before_anything_is_parsed() -> None:
    found = read_envelope(b"{" * (MAX_ENVELOPE_BYTES + 1))
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.TOO_LARGE
