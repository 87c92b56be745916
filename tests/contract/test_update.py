"""Orders from afar: what a gateway may obey, and the reason for everything else."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.envelope import Refusal, RefusalReason, seal, write_envelope
from contract.ids import GatewayId
from contract.signature import Signer
from contract.topics import UpdateKind
from contract.trust import TrustedState
from contract.update import (
    ORDER_TYPES,
    ConfigOrder,
    OpenedOrder,
    Targets,
    UpdateOrder,
    digest_of,
    open_order,
    percent_of,
    read_order,
)
from contract.update_state import Effective, OrderOutcome, UpdateState, read_state
from tests.contract.orders import (
    ALICE,
    AT,
    BOB,
    CAROL,
    CONFIG_ORDER,
    MALLORY,
    MODEL_ORDER,
    NORTH,
    root_of,
    sign_order,
    state_of,
)

GOLDEN = Path(__file__).parent / "golden"
SOON = AT + timedelta(hours=1)
STATE = UpdateState(
    kind="config",
    version=7,
    digest="a" * 64,
    state="rolled_back",
    reasons=("camera gate lost health 12 s after the change",),
    at=AT,
    effective=Effective(version=6, digest="b" * 64),
)


def _open(
    content: bytes,
    state: TrustedState | None = None,
    kind: UpdateKind = "config",
    gateway: GatewayId = NORTH,
    groups: tuple[str, ...] = (),
) -> OpenedOrder | Refusal:
    return open_order(content, kind, state or state_of(), gateway, groups, SOON)


def _reason(found: OpenedOrder | Refusal) -> RefusalReason | None:
    return found.reason if isinstance(found, Refusal) else None


def _with(**change: object) -> ConfigOrder:
    return CONFIG_ORDER.model_copy(update=change)


@pytest.mark.parametrize(("order", "signer"), [(CONFIG_ORDER, ALICE), (MODEL_ORDER, CAROL)])
def test_a_good_order_is_opened(order: UpdateOrder, signer: Signer) -> None:
    payload = order.model_dump_json(exclude_none=True).encode()
    found = _open(sign_order(order, signer), kind=order.kind)
    assert found == OpenedOrder(order=order, digest=digest_of(payload), again=False)


def test_an_order_is_accepted_once_and_then_again_but_never_after_a_newer_one() -> None:
    content = sign_order(CONFIG_ORDER, ALICE)
    first = _open(content)
    assert isinstance(first, OpenedOrder)
    state = state_of().with_accepted("config", 7, first.digest)
    again = _open(content, state)
    assert isinstance(again, OpenedOrder)
    assert again.again
    late = open_order(content, "config", state, NORTH, (), CONFIG_ORDER.expires_at)
    assert late == again
    newer = state.with_accepted("config", 8, "a" * 64)
    assert _reason(_open(content, newer)) is RefusalReason.REPLAYED
    other = _open(sign_order(_with(reason="another"), ALICE), state)
    assert _reason(other) is RefusalReason.REPLAYED
    assert isinstance(other, Refusal)
    assert "with another content" in other.detail
    assert _reason(_open(sign_order(MODEL_ORDER, CAROL), newer, "model")) is None


def test_a_key_that_left_cannot_lock_versions_at_the_highest_number() -> None:
    state = state_of().with_accepted("config", 2**53 - 1, "a" * 64)
    content = sign_order(CONFIG_ORDER, ALICE)
    assert _reason(_open(content, state)) is RefusalReason.REPLAYED
    assert _reason(_open(content, state.with_root(root_of(2, config=(ALICE,))))) is None


def test_an_order_ends_with_its_time_and_with_the_root() -> None:
    content = sign_order(CONFIG_ORDER, ALICE)
    at_its_end = open_order(content, "config", state_of(), NORTH, (), CONFIG_ORDER.expires_at)
    assert _reason(at_its_end) is RefusalReason.EXPIRED
    found = _open(content, state_of(root_of(expires_at=SOON)))
    assert isinstance(found, Refusal)
    assert (found.reason, "root of trust 1 expired" in found.detail) == (
        RefusalReason.EXPIRED,
        True,
    )


@pytest.mark.parametrize(
    ("targets", "gateway", "groups", "included"),
    [
        (Targets(), "north", ("all",), False),
        (Targets(gateways=(NORTH,)), "north", (), True),
        (Targets(gateways=(NORTH,)), "south", (), False),
        (Targets(groups=("shops",)), "south", ("ports", "shops"), True),
        (Targets(groups=("shops",)), "south", (), False),
        (Targets(percent=100), "south", (), True),
        (Targets(groups=("shops",), percent=100), "south", ("ports",), False),
        (Targets(gateways=(NORTH,), groups=("shops",), percent=1), "north", (), True),
    ],
)
def test_an_order_is_for_whom_it_names_and_for_nobody_else(
    targets: Targets, gateway: str, groups: tuple[str, ...], *, included: bool
) -> None:
    found = _open(
        sign_order(_with(targets=targets), ALICE), gateway=GatewayId(gateway), groups=groups
    )
    assert (_reason(found) is None) == included
    assert _reason(found) in (None, RefusalReason.NOT_FOR_US)


@given(st.text(st.sampled_from("abc019_-"), min_size=1, max_size=12), st.text(max_size=8))
def test_who_is_within_a_few_percent_is_within_more(name: str, salt: str) -> None:
    gateway, at = GatewayId(name), percent_of(GatewayId(name), salt)
    assert 0 <= at < 100
    for percent in (1, 10, 50, 100):
        assert Targets(percent=percent, salt=salt).include(gateway, ()) == (at < percent)


def test_percentages_are_even_over_gateways_and_another_salt_chooses_others() -> None:
    names = [GatewayId(f"gw-{n}") for n in range(2_000)]
    ring = {name for name in names if Targets(percent=10, salt="a").include(name, ())}
    other = {name for name in names if Targets(percent=10, salt="b").include(name, ())}
    assert 140 <= len(ring) <= 260
    assert len(ring & other) < 60


def _raw(payload: bytes, signer: Signer = ALICE) -> bytes:
    return write_envelope(seal(ORDER_TYPES["config"], payload, [signer]))


ORDER = json.loads(CONFIG_ORDER.model_dump_json())


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"version": 1, "version": 2}', "same key twice"),
        (b"[]", "should be an object"),
        (json.dumps(ORDER | {"version": 0}).encode(), "version"),
        (json.dumps(ORDER | {"version": True}).encode(), "version"),
        (json.dumps(ORDER | {"version": "8"}).encode(), "version"),
        (json.dumps(ORDER | {"version": 2**53}).encode(), "version"),
        (json.dumps(ORDER | {"version": 10**400}).encode(), "64 bits"),
        (json.dumps(ORDER | {"expires_at": ORDER["issued_at"]}).encode(), "before it is issued"),
        (json.dumps(ORDER | {"expires_at": "9999-12-31T23:59:59Z"}).encode(), "expires_at"),
        (json.dumps(ORDER | {"kind": "model"}).encode(), "kind"),
        (json.dumps(ORDER | {"of_tomorrow": 1}).encode(), "of_tomorrow"),
        (json.dumps(ORDER | {"patch": {"detect": None}}).encode(), "patch"),
        (json.dumps(ORDER | {"patch": "x" * 200_000}).encode(), "patch"),
        (json.dumps(ORDER | {"targets": {"percent": 0}}).encode(), "targets.percent"),
        (json.dumps(ORDER | {"targets": {"percent": 101}}).encode(), "targets.percent"),
        (json.dumps(ORDER | {"targets": {"gateways": ["../x"]}}).encode(), "targets.gateways"),
        (json.dumps(ORDER | {"targets": {"groups": ["+"]}}).encode(), "targets.groups"),
        (json.dumps(ORDER | {"reason": "\ud800"}).encode(), "lone surrogate"),
    ],
)
def test_what_cannot_be_obeyed_is_invalid_only_once_the_signature_is_good(
    payload: bytes, words: str
) -> None:
    found = _open(_raw(payload))
    assert isinstance(found, Refusal)
    assert (found.reason, words in found.detail) == (RefusalReason.INVALID, True), found.detail
    assert _reason(_open(_raw(payload, MALLORY))) is RefusalReason.FOREIGN_KEY
    assert _reason(_open(_raw(payload, BOB))) is RefusalReason.FOREIGN_KEY


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../nano"},
        {"name": ".."},
        {"files": []},
        {"files": [{"name": "a", "sha256": "0" * 64, "bytes": 0}]},
        {"files": [{"name": "a", "sha256": "0" * 63, "bytes": 1}]},
        {"files": [{"name": "/etc/passwd", "sha256": "0" * 64, "bytes": 1}]},
        {"files": [{"name": "manifest.json", "sha256": "0" * 64, "bytes": 1}]},
        {"files": [{"name": "a", "sha256": "0" * 64, "bytes": 1}] * 2},
    ],
)
def test_a_model_whose_files_have_no_place_is_invalid(change: dict[str, object]) -> None:
    document = json.loads(MODEL_ORDER.model_dump_json()) | change
    found = read_order(json.dumps(document).encode(), "model")
    assert isinstance(found, Refusal)
    assert found.reason is RefusalReason.INVALID


def test_an_order_of_one_kind_is_none_of_the_other() -> None:
    assert _reason(_open(sign_order(MODEL_ORDER, CAROL))) is RefusalReason.WRONG_KIND
    posed = write_envelope(
        seal(ORDER_TYPES["config"], MODEL_ORDER.model_dump_json().encode(), [ALICE])
    )
    assert _reason(_open(posed)) is RefusalReason.INVALID


def _cut(content: bytes, place: int) -> bytes:
    return content[: place % len(content)]


def _flip(content: bytes, place: int) -> bytes:
    place %= len(content)
    return content[:place] + bytes([content[place] ^ 1 << place % 7]) + content[place + 1 :]


@given(st.sampled_from([_cut, _flip]), st.integers(0, 100_000))
def test_a_damaged_order_is_refused_and_never_raises(
    damage: Callable[[bytes, int], bytes], place: int
) -> None:
    content = sign_order(CONFIG_ORDER, ALICE)
    assert isinstance(_open(damage(content, place)), Refusal)


@given(st.binary(max_size=300))
def test_no_payload_makes_it_raise(payload: bytes) -> None:
    assert isinstance(_open(_raw(payload)), Refusal)
    assert isinstance(_open(payload), Refusal)
    assert isinstance(read_state(payload), Refusal)


def test_the_first_orders_and_answers_ever_written_are_still_read() -> None:
    config = (GOLDEN / "config-order-v1.json").read_bytes()
    model = (GOLDEN / "model-order-v1.json").read_bytes()
    state = (GOLDEN / "update-state-v1.json").read_bytes()
    assert (sign_order(CONFIG_ORDER, ALICE, BOB), sign_order(MODEL_ORDER, CAROL)) == (config, model)
    for content, order in ((config, CONFIG_ORDER), (model, MODEL_ORDER)):
        found = _open(content, kind=order.kind)
        assert isinstance(found, OpenedOrder)
        assert found.order == order
    assert read_state(state) == STATE == read_state(STATE.model_dump_json().encode())


def test_an_answer_says_how_an_order_ended_and_a_newer_writer_is_understood() -> None:
    assert STATE.outcome is OrderOutcome.ROLLED_BACK
    document = json.loads(STATE.model_dump_json()) | {"state": "health_window", "of_tomorrow": 1}
    found = read_state(json.dumps(document).encode())
    assert isinstance(found, UpdateState)
    assert found.outcome is None
