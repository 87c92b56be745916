"""What the cloud says is trusted because of who signed it, or not at all."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from contract.agreement import topic_flaw
from contract.cloudevent import (
    MessageError,
    Untrusted,
    frame_evidence_request,
    frame_verdict,
    read_answer,
    read_verdict,
)
from contract.signature import (
    KeyFlaw,
    Keyring,
    Signer,
    new_signer,
    private_pem,
    public_text,
    read_public,
    read_signer,
)
from contract.statement import Distrust, canonical, statement
from tests.contract.samples import EVIDENCE_REQUEST, VERDICT

GOLDEN = Path(__file__).parent / "golden"
CLOUD = Signer(Ed25519PrivateKey.from_private_bytes(b"the cloud's key of the examples!"))
TRUSTED = Keyring([CLOUD.public])

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def changed(payload: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    event: dict[str, object] = json.loads(payload)
    change(event)
    return json.dumps(event).encode()


def test_a_signed_verdict_is_written_as_frozen_and_read_with_and_without_keys() -> None:
    golden = (GOLDEN / "verdict-v1-signed.json").read_bytes()
    assert frame_verdict(VERDICT, CLOUD) == golden
    assert read_answer(golden) == VERDICT
    assert read_answer(golden, TRUSTED) == VERDICT
    assert read_answer(frame_evidence_request(EVIDENCE_REQUEST, CLOUD), TRUSTED) == EVIDENCE_REQUEST


def test_a_signature_outlives_another_spelling_of_the_same_json() -> None:
    event = json.loads(frame_verdict(VERDICT, CLOUD))
    event["data"] = dict(reversed(event["data"].items()))
    event["data"]["sightings"][0]["box"][0] = 1.0e-1
    respelled = json.dumps(event, indent=3, ensure_ascii=False).encode()
    assert read_verdict(respelled, TRUSTED) == VERDICT


def distrust_of(payload: bytes, keyring: Keyring = TRUSTED) -> Distrust:
    with pytest.raises(Untrusted) as refused:
        read_answer(payload, keyring)
    return refused.value.reason


def test_without_a_signature_a_verdict_is_unsigned() -> None:
    assert distrust_of(frame_verdict(VERDICT)) is Distrust.UNSIGNED
    for name in ("signature", "signaturekey"):
        payload = changed(frame_verdict(VERDICT, CLOUD), lambda event, n=name: event.pop(n))  # type: ignore[misc]
        assert distrust_of(payload) is Distrust.UNSIGNED


def test_another_key_is_foreign_and_its_name_on_a_forgery_does_not_help() -> None:
    stranger = new_signer()
    payload = frame_verdict(VERDICT, stranger)
    assert distrust_of(payload) is Distrust.FOREIGN_KEY
    posing = changed(payload, lambda event: event.update(signaturekey=CLOUD.key_id))
    assert distrust_of(posing) is Distrust.FORGED


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event["data"].update(decision="refuted"),
        lambda event: event["data"].update(of_tomorrow=1),
        lambda event: event["data"]["reasons"].append("x"),
        lambda event: event.update(time="2027-01-01T00:00:00.000Z"),
        lambda event: event.update(signature=event["signature"][:-8] + "AAAAAA=="),
        lambda event: event.update(signature="no base64"),
        lambda event: event.update(signature="\u00e4"),
        lambda event: event.update(signature=""),
    ],
)
def test_what_was_changed_after_signing_is_forged(
    change: Callable[[dict[str, object]], object],
) -> None:
    assert distrust_of(changed(frame_verdict(VERDICT, CLOUD), change)) is Distrust.FORGED


def test_a_signature_over_one_kind_of_message_is_none_over_another() -> None:
    request = json.loads(frame_evidence_request(EVIDENCE_REQUEST, CLOUD))
    posing = json.loads(frame_verdict(VERDICT)) | {
        "signaturekey": request["signaturekey"],
        "signature": request["signature"],
    }
    assert distrust_of(json.dumps(posing).encode()) is Distrust.FORGED


def test_two_keys_are_trusted_while_one_replaces_the_other() -> None:
    later = new_signer()
    both = Keyring([CLOUD.public, later.public])
    assert read_answer(frame_verdict(VERDICT, CLOUD), both) == VERDICT
    assert read_answer(frame_verdict(VERDICT, later), both) == VERDICT
    assert distrust_of(frame_verdict(VERDICT, CLOUD), Keyring([later.public])) is (
        Distrust.FOREIGN_KEY
    )


def test_an_empty_keyring_trusts_nobody() -> None:
    assert distrust_of(frame_verdict(VERDICT, CLOUD), Keyring([])) is Distrust.FOREIGN_KEY


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda event: event.update(id="north.gate.17.42.2"), "is not the report's"),
        (lambda event: event.pop("id"), "id None is not"),
        (lambda event: event.update(source="/gateways/north/cameras/yard"), "source"),
        (lambda event: event["data"].update(camera="yard"), "source .* is not .*/yard"),
        (lambda event: event["data"].update(gateway="south"), "source .* is not /gateways/south"),
        (
            lambda event: event.update(
                source="/gateways/north/cameras/yard", data=event["data"] | {"camera": "yard"}
            ),
            "report id .* is not of north/yard",
        ),
    ],
)
def test_envelope_and_content_speak_of_one_report_signed_or_not(
    change: Callable[[dict[str, object]], object], words: str
) -> None:
    with pytest.raises(MessageError, match=words):
        read_answer(changed(frame_verdict(VERDICT), change))


def test_a_message_belongs_on_its_cameras_topic() -> None:
    assert topic_flaw(VERDICT, "stillwatch/north/gate/verdict", "stillwatch") is None
    for topic in (
        "stillwatch/north/yard/verdict",
        "stillwatch/south/gate/verdict",
        "elsewhere/north/gate/verdict",
        "stillwatch/north/verdict",
    ):
        assert "on another's topic" in (topic_flaw(VERDICT, topic, "stillwatch") or "")


@given(JSON)
def test_canonical_data_is_the_same_after_a_round_trip(data: object) -> None:
    assert canonical(json.loads(json.dumps(data))) == canonical(data)


def test_whole_numbers_are_one_number_however_they_are_written() -> None:
    assert canonical({"b": 1.0, "a": [2e3, -0.0]}) == canonical({"a": [2000, 0], "b": 1})
    assert canonical({"a": 1}) != canonical({"a": True})


@pytest.mark.parametrize("data", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_what_is_no_json_has_no_canonical_form(data: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(data)


def test_data_nested_without_end_has_no_canonical_form() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="no canonical form"):
        canonical(deep)


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_no_two_lists_of_texts_make_one_statement(first: list[str], second: list[str]) -> None:
    same = statement("d", first, None) == statement("d", second, None)
    assert same == (first == second)


def test_keys_are_read_as_pem_and_as_text() -> None:
    pem = CLOUD.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = public_text(CLOUD.public)
    bare = text.removeprefix("ed25519:").encode()
    for content in (pem, text.encode(), text.encode() + b"\n", bare):
        assert Keyring([read_public(content)]).key_ids == (CLOUD.key_id,)
    assert read_signer(private_pem(CLOUD)).key_id == CLOUD.key_id


RSA = generate_private_key(public_exponent=65537, key_size=2048).public_key()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (private_pem(CLOUD), "belongs to the cloud alone"),
        (b"", "0 bytes"),
        (b"ed25519:" + base64.b64encode(b"short"), "5 bytes"),
        (b"\xff\xfe", "neither PEM nor"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (RSA.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "not an Ed25519 key"),
    ],
)
def test_a_public_key_that_cannot_be_used_is_named(content: bytes, words: str) -> None:
    with pytest.raises(KeyFlaw, match=words):
        read_public(content)


@pytest.mark.parametrize("content", [b"", b"nonsense", public_text(CLOUD.public).encode()])
def test_a_private_key_that_cannot_be_used_is_named(content: bytes) -> None:
    with pytest.raises(KeyFlaw, match="no private key"):
        read_signer(content)
