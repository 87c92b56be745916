"""Roots of trust: who may sign, how keys are replaced, and that versions never go back."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.envelope import Envelope, Refusal, RefusalReason, read_envelope, write_envelope
from contract.rotation import next_root, open_roots, read_root, write_roots
from contract.signature import Signer, public_text
from contract.statement import Seal
from contract.trust import Root, TrustedState, expired, verify
from tests.contract.orders import (
    ALICE,
    AT,
    BOB,
    CAROL,
    CONFIG_ORDER,
    LATER,
    MALLORY,
    root_of,
    sign_order,
    sign_root,
    state_of,
)

GOLDEN = Path(__file__).parent / "golden"


def _read(content: bytes) -> Envelope:
    found = read_envelope(content)
    assert isinstance(found, Envelope)
    return found


def _next(content: bytes, trusted: Root) -> Root | RefusalReason:
    found = next_root(_read(content), trusted)
    return found.reason if isinstance(found, Refusal) else found


@pytest.mark.parametrize(
    ("signers", "threshold", "reason"),
    [
        ((ALICE,), 1, None),
        ((CAROL,), 1, None),
        ((ALICE, CAROL), 2, None),
        ((ALICE, MALLORY), 1, None),
        ((), 1, RefusalReason.UNSIGNED),
        ((MALLORY,), 1, RefusalReason.FOREIGN_KEY),
        ((BOB,), 1, RefusalReason.FOREIGN_KEY),
        ((ALICE,), 2, RefusalReason.BELOW_THRESHOLD),
        ((ALICE, MALLORY, BOB), 2, RefusalReason.BELOW_THRESHOLD),
    ],
)
def test_enough_keys_of_the_role_must_sign(
    signers: tuple[Signer, ...], threshold: int, reason: RefusalReason | None
) -> None:
    root = root_of(thresholds=(1, threshold, 1))
    flaw = verify(_read(sign_order(CONFIG_ORDER, *signers)), root, "config")
    assert (flaw and flaw.reason) == reason


def test_a_changed_payload_type_or_signature_is_forged() -> None:
    good = json.loads(sign_order(CONFIG_ORDER, ALICE))
    other = json.loads(sign_order(CONFIG_ORDER.model_copy(update={"version": 8}), ALICE))
    root = root_of()
    for change in (
        {"payload": other["payload"]},
        {"payloadType": good["payloadType"].replace("config", "model")},
        {"signatures": other["signatures"]},
    ):
        flaw = verify(_read(json.dumps(good | change).encode()), root, "config")
        assert flaw is not None
        assert flaw.reason is RefusalReason.FORGED


def test_one_key_never_counts_twice() -> None:
    envelope = _read(sign_order(CONFIG_ORDER, ALICE))
    twice = Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=envelope.signatures * 2,
    )
    flaw = verify(twice, root_of(thresholds=(1, 2, 1)), "config")
    assert flaw is not None
    assert flaw.reason is RefusalReason.BELOW_THRESHOLD


def test_a_signature_under_the_name_of_another_key_does_not_count() -> None:
    envelope = _read(sign_order(CONFIG_ORDER, ALICE))
    posed = Seal(key_id=CAROL.key_id, signature=envelope.signatures[0].signature)
    both = Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=(*envelope.signatures, posed),
    )
    flaw = verify(both, root_of(thresholds=(1, 2, 1)), "config")
    assert flaw is not None
    assert flaw.reason is RefusalReason.FORGED


ROOT: dict[str, Any] = json.loads(root_of().model_dump_json())
ROOT_ROLE = ROOT["roles"]["root"]


def _with_role(**change: object) -> dict[str, object]:
    return ROOT | {"roles": ROOT["roles"] | {"root": ROOT_ROLE | change}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (_with_role(threshold=0), "greater than or equal to 1"),
        (_with_role(threshold=-1), "greater than or equal to 1"),
        (_with_role(threshold=True), "valid integer"),
        (_with_role(threshold="1"), "valid integer"),
        (_with_role(threshold=3), "3 of 2 keys can never sign"),
        (_with_role(key_ids=[]), "at least 1 item"),
        (_with_role(key_ids=[ALICE.key_id] * 2, threshold=2), "stands there twice"),
        (_with_role(key_ids=[MALLORY.key_id]), "not among the keys"),
        (ROOT | {"keys": ROOT["keys"] | {"0" * 16: public_text(ALICE.public)}}, "not its key's"),
        (ROOT | {"keys": {ALICE.key_id: public_text(ALICE.public) + " "}}, "not its key's"),
        (ROOT | {"keys": {ALICE.key_id: "rsa:AAAA"}}, "does not begin with ed25519:"),
        (ROOT | {"keys": {ALICE.key_id: "ed25519:AAAA"}}, "3 bytes"),
        (ROOT | {"keys": {}}, "at least 1 item"),
        (ROOT | {"version": 0}, "greater than or equal to 1"),
        (ROOT | {"version": 1.0}, "valid integer"),
        (ROOT | {"format": 2}, "should be 1"),
        (ROOT | {"expires_at": "soon"}, "valid datetime"),
        (ROOT | {"expires_at": "2027-01-01T00:00:00"}, "timezone"),
        (ROOT | {"of_tomorrow": 1}, "not permitted"),
        ({"roles": ROOT["roles"]}, "required"),
    ],
)
def test_a_root_that_trusts_too_little_or_too_much_is_refused(document: object, words: str) -> None:
    found = read_root(json.dumps(document).encode())
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.INVALID
    assert words in found.detail


def test_the_first_root_is_plain_or_signed_by_itself() -> None:
    root = root_of()
    assert read_root(root.model_dump_json().encode()) == root
    assert read_root(sign_root(root, ALICE)) == root
    for content, reason in (
        (sign_root(root), RefusalReason.UNSIGNED),
        (sign_root(root, MALLORY), RefusalReason.FOREIGN_KEY),
        (sign_order(CONFIG_ORDER, ALICE), RefusalReason.WRONG_KIND),
        (b"ed25519:AAAA", RefusalReason.MALFORMED),
        (b" " * 600_000, RefusalReason.TOO_LARGE),
    ):
        found = read_root(content)
        assert isinstance(found, Refusal)
        assert found.reason is reason


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_the_readers_of_roots_raise(content: bytes) -> None:
    assert isinstance(read_root(content), Refusal)
    root = root_of()
    assert open_roots(content, root)[0] is root


def test_a_root_follows_when_enough_keys_of_both_have_signed() -> None:
    first = root_of(root=(ALICE, BOB), thresholds=(2, 1, 1))
    second = root_of(2, root=(BOB, CAROL), thresholds=(2, 1, 1))
    assert _next(sign_root(second, ALICE, BOB, CAROL), first) == second
    assert _next(sign_root(second, BOB, CAROL), first) is RefusalReason.BELOW_THRESHOLD
    assert _next(sign_root(second, ALICE, BOB), first) is RefusalReason.BELOW_THRESHOLD
    assert _next(sign_root(second, CAROL, MALLORY), first) is RefusalReason.FOREIGN_KEY


@pytest.mark.parametrize("version", [1, 2, 4, 2**40])
def test_no_root_but_the_next_one_follows(version: int) -> None:
    assert _next(sign_root(root_of(version), ALICE), root_of(2)) is RefusalReason.REPLAYED


def test_an_expired_root_accepts_nothing_but_its_successor() -> None:
    old = root_of(expires_at=AT)
    assert expired(old, AT - timedelta(seconds=1)) is None
    flaw = expired(old, AT)
    assert flaw is not None
    assert flaw.reason is RefusalReason.EXPIRED
    assert _next(sign_root(root_of(2), ALICE), old) == root_of(2)


def test_a_gateway_that_was_away_for_many_rotations_follows_the_chain() -> None:
    signers = (ALICE, BOB, CAROL, MALLORY)
    roots = [root_of(1 + n, root=(signers[n % 4],)) for n in range(9)]
    links = [
        sign_root(root, *{signers[(n - 1) % 4], signers[n % 4]})
        for n, root in enumerate(roots)
        if n > 0
    ]
    for start in roots:
        assert open_roots(write_roots(2, links), start) == (roots[-1], None)
    assert open_roots(write_roots(5, links[3:]), roots[3]) == (roots[-1], None)
    stays, flaw = open_roots(write_roots(6, links[4:]), roots[0])
    assert stays == roots[0]
    assert flaw is not None


def test_a_chain_with_a_bad_end_leads_as_far_as_it_is_good() -> None:
    good, bad = sign_root(root_of(2), ALICE), sign_root(root_of(3), MALLORY)
    reached, flaw = open_roots(write_roots(2, [good, bad]), root_of())
    assert reached == root_of(2)
    assert flaw is not None
    assert flaw.reason is RefusalReason.FOREIGN_KEY
    for content, reason in (
        (b'{"first":2,"roots":[{}]}', RefusalReason.MALFORMED),
        (b'{"first":-1e99,"roots":[]}', RefusalReason.MALFORMED),
        (write_roots(2, [b"1"] * 65), RefusalReason.MALFORMED),
        (write_roots(2, [sign_order(CONFIG_ORDER, ALICE)]), RefusalReason.WRONG_KIND),
        (b"[" * 600_000, RefusalReason.TOO_LARGE),
    ):
        _, flaw = open_roots(content, root_of())
        assert flaw is not None
        assert flaw.reason is reason


def test_versions_begin_anew_only_for_roles_that_a_key_left() -> None:
    state = state_of(root_of(config=(ALICE, BOB), model=(CAROL,)))
    state = state.with_accepted("config", 9, "a" * 64).with_accepted("model", 5, "b" * 64)
    more = state.with_root(root_of(2, config=(ALICE, BOB, CAROL), model=(CAROL, BOB)))
    assert (more.config, more.model) == (state.config, state.model)
    left = state.with_root(root_of(2, config=(ALICE, CAROL), model=(CAROL,)))
    assert (left.config, left.model) == (None, state.model)


def test_what_is_trusted_is_kept_as_json() -> None:
    state = state_of().with_accepted("config", 9, "a" * 64)
    assert TrustedState.model_validate_json(state.model_dump_json()) == state


def test_the_first_root_ever_written_is_still_read() -> None:
    golden = (GOLDEN / "root-v1.json").read_bytes()
    root = root_of(2, thresholds=(2, 1, 1), expires_at=LATER)
    assert read_root(golden) == root
    assert write_envelope(_read(golden)) == golden
