"""Two hundred orders that nobody should obey: each is refused with its reason, without effect."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from contract.envelope import seal, write_envelope
from contract.ids import GatewayId
from contract.rotation import write_roots
from contract.trust import ROOT_TYPE
from contract.update import ORDER_TYPES
from tests.contract.orders import (
    ALICE,
    AT,
    BOB,
    CONFIG_ORDER,
    MALLORY,
    MODEL_ORDER,
    root_of,
    sign_order,
    sign_root,
)
from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.orders import GATEWAY, order
from tests.system.sites import Ear, ear, edge
from tests.system.test_updates import managed, publish, states, until

pytestmark = pytest.mark.slow

GOOD = 1000
"""The version that is in force all the time."""

Hostile = tuple[str, str, bytes]
"""The last of the topic, the word it is refused with, and the bytes."""


def malformed() -> Iterator[bytes]:
    """Whoever parses before he checks a signature has read these."""
    whole = order(GOOD + 1, "detect: {min_score: 0.9}")
    yield from (whole[: len(whole) * part // 32] for part in range(1, 32))
    chance = random.Random(13)
    yield from (chance.randbytes(size) for size in (1, 10, 100, 1000, 100_000))
    yield from (b"[" * 100_000, b'{"a":' * 100_000, b"0", b"null", b'""', b"[]", b"\0" * 99)
    yield from (b"\xff\xfe" + whole, b"\xef\xbb\xbf" * 3, b"1e400", b"-" * 400_000, b"NaN")
    document = json.loads(whole)
    seals = document["signatures"]
    changes: tuple[dict[str, object], ...] = (
        {"payload": "%%%"},
        {"payload": document["payload"] + "="},
        {"payload": 7},
        {"payload": None},
        {"payloadType": ""},
        {"payloadType": "x" * 10_000},
        {"payloadType": ["application/json"]},
        {"signatures": {}},
        {"signatures": "all"},
        {"signatures": [[]]},
        {"signatures": [{"sig": seals[0]["sig"]}]},
        {"signatures": [{"keyid": seals[0]["keyid"], "sig": "AAAA"}]},
        {"signatures": [{"keyid": "x" * 9999, "sig": seals[0]["sig"]}]},
        {"signatures": seals * 2},
        {"signatures": [{"keyid": str(n), "sig": seals[0]["sig"]} for n in range(17)]},
        {"more": 1},
    )
    for changed in changes:
        yield json.dumps(document | changed).encode()
    yield whole.replace(b'{"payloadType"', b'{"payloadType":"a","payloadType"')


def forged() -> Iterator[bytes]:
    """A byte of what was signed is another one."""
    document = json.loads(order(GOOD + 1, "detect: {min_score: 0.9}"))
    payload = base64.b64decode(document["payload"])
    for place in range(0, len(payload), max(1, len(payload) // 25)):
        other = bytearray(payload)
        other[place] ^= 1
        yield json.dumps(document | {"payload": base64.b64encode(other).decode()}).encode()


def payloads() -> Iterator[bytes]:
    """Signed by whom we trust, and still no order."""
    good = json.loads(CONFIG_ORDER.model_dump_json()) | {
        "targets": {"gateways": [GATEWAY]},
        "version": GOOD + 1,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    for changed in (
        *with_values("version", 0, -1, 1.5, "9", None, True, 10**400, 2**53, []),
        *with_values("patch", 1, None, {"detect": {}}, [], "x" * 200_000, "x: \ud800"),
        *with_values("targets", "all", [], {"percent": 0}, {"percent": 101}, {"all": 1}),
        *({"format": 2}, {"kind": "model"}, {"kind": "config", "and": 1}),
        *with_values("issued_at", "yesterday", -1, "9999-12-31T23:59:59Z"),
        {"expires_at": "1970-01-01T00:00:00Z"},
        {"reason": "x" * 10_000},
    ):
        yield signed(json.dumps(good | changed).encode())
    yield from (signed(one) for one in (b"", b"{", b"[]", b"\xff", b"{}", b"[" * 50_000))


def with_values(key: str, *values: object) -> list[dict[str, object]]:
    return [{key: value} for value in values]


def signed(payload: bytes) -> bytes:
    return write_envelope(seal(ORDER_TYPES["config"], payload, (ALICE,)))


PATCHES = (
    *("no_such_section: {}", "detect: {no_such_key: 1}", "cameras: {yard: {zone: []}}"),
    *("detect: {min_score: high}", "detect: {min_score: 7}", "detect: {min_score: -1}"),
    *("detect: {min_score: .nan}", "detect: {min_score: .inf}", "detect: {min_score: [0.5]}"),
    *("intake: {max_cameras: 1e99}", f"intake: {{max_cameras: {10**300}}}", "gate: 5"),
    *("cameras: {'../../etc': {}}", "cameras: {A B: {}}", "decide: {rules: [{}]}", "- 1", "7"),
    *("cameras: [yard]", "detect: {min_score: 0.1, min_score: 0.2}", "detect: {", "\t- x", "&a *b"),
    "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]",
    *("detect: !!python/object/apply:os.system [id]", "[" * 20_000, "{a: " * 20_000),
    "detect: " + "{x: 1, " * 5_000,
    *("manage: {root: /tmp/other.json}", "manage: {health_window_s: 3600}", "version: 2"),
    *("manage: {desired_file: /tmp/x}", "manage: null", "deliver: {cloud_keys: [/no/such.pem]}"),
    *("self_test: {every_s: 1}", "runtime: {stats_s: 0}", "deliver: {deadline_s: -5}"),
)
RESTARTS = (
    *("gateway: {id: other}", "deliver: {root: elsewhere}", "detect: {workers: 4}"),
    *("intake: {broker: {host: evil.example}}", "deliver: {uplink: {host: evil.example}}"),
    *("deliver: {uplink: null}", "deliver: {outbox: {path: /tmp/elsewhere}}", "gateway: null"),
    *("intake: {topics: ['#']}", "runtime: {metrics_port: 1}", "deliver: {store: null}"),
)
MODELS = ("nowhere", "/etc", "../../..", "confirm-fused")


def roots() -> Iterator[tuple[str, bytes]]:
    """Roots of trust that do not follow on ours."""
    following = root_of(2)
    yield "foreign_key", chain(sign_root(following, MALLORY))
    yield "unsigned", chain(write_envelope(seal(ROOT_TYPE, b"{}", ())))
    yield "replayed", chain(sign_root(root_of(3), ALICE, BOB))
    yield "foreign_key", chain(sign_root(root_of(2, root=(MALLORY,)), ALICE))
    yield "wrong_kind", chain(order(GOOD + 1, ""))
    yield "malformed", chain(b"{}", b"{}")
    yield "malformed", sign_root(following, ALICE)
    document = json.loads(following.model_dump_json())
    for threshold in (0, -1, 17, 2**40):
        document["roles"]["config"]["threshold"] = threshold
        payload = json.dumps(document).encode()
        yield "invalid", chain(write_envelope(seal(ROOT_TYPE, payload, (ALICE,))))


def chain(*envelopes: bytes) -> bytes:
    return write_roots(2, envelopes)


def hostile() -> Iterator[Hostile]:
    yield from (("config", "malformed", one) for one in malformed())
    yield "config", "too_large", b" " * (512 * 1024 + 1)
    yield from (("config", "forged", one) for one in forged())
    yield from (("config", "invalid", one) for one in payloads())
    yield from (("trust", word, one) for word, one in roots())
    good = "detect: {min_score: 0.9}"
    yield "config", "unsigned", order(GOOD + 1, good, signers=())
    yield "config", "foreign_key", order(GOOD + 1, good, signers=(MALLORY,))
    yield "config", "foreign_key", order(GOOD + 1, good, signers=(BOB,))
    yield "config", "wrong_kind", sign_order(MODEL_ORDER, ALICE)
    yield "config", "wrong_kind", sign_root(root_of(2), ALICE, BOB)
    yield "config", "expired", order(GOOD + 1, good, expires_at=AT.replace(month=4))
    for version in (1, 2, GOOD - 1, GOOD):
        yield "config", "replayed", order(version, good)
    for other in ("gw2", "g", "gw-", "north"):
        yield "config", "not_for_us", order(GOOD + 1, good, gateway=GatewayId(other))
    version = GOOD
    for refusal, patches in (("invalid", PATCHES), ("needs_restart", RESTARTS)):
        for patch in patches:
            version += 1
            yield "config", refusal, order(version, patch)
    for model in MODELS:
        version += 1
        yield "config", "model_refused", order(version, f"detect: {{model: {model}}}")


def more(heard: Ear, than: int) -> bool:
    return len(states(heard, "rejected")) > than


def test_two_hundred_hostile_orders_are_refused_before_any_effect(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    orders = list(hostile())
    assert len(orders) >= 200
    with ear(cloud_broker, root) as cloud, ear(site_broker, root) as site:
        with edge(tmp_path, config) as daemon:
            publish(cloud, order(GOOD, "detect: {min_score: 0.3}"))
            effective = until(cloud, "reported", "applied", GOOD).effective
            for number, (leaf, refusal, content) in enumerate(orders):
                publish(cloud, content, f"gw/{leaf}/desired")
                assert cloud.wait(partial(more, cloud, number)), content[:99]
                said = states(cloud, "rejected")[-1]
                assert said.refusal == refusal, (content[:300], said)
                assert said.reasons[0]
                assert said.effective == effective
            assert daemon.health()["config"].endswith(str(effective.digest)[:12])
            assert site.wait(lambda: len(states(site, "rejected")) == len(orders))
            wait(
                daemon,
                lambda: (
                    f'updates_total{{kind="config",state="rejected"}} {len(orders)}.0'
                    in daemon.get("/metrics")[1]
                ),
            )
            assert daemon.process.poll() is None
        with unready(tmp_path, config) as daemon:
            wait(daemon, lambda: bool(daemon.health()))
            assert daemon.health()["config"].endswith(str(effective.digest)[:12])
