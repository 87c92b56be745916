"""An operator orders configurations from afar: real commands and broker, gateways that check."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.envelope import Envelope, read_envelope
from contract.ids import GatewayId
from contract.shadow import ReplayLimits
from contract.topics import Topics
from contract.update import ConfigOrder, ModelOrder, OpenedOrder, UpdateOrder, read_order
from contract.update_state import OrderOutcome
from imaging.manifest import CHECKOUT_MODELS
from service.outcomes import Delivered
from tests import servers
from tests.links import Inbox, running, wait_until
from tests.links import settings as link_settings
from tests.operators import Operator, gateways
from tests.servers import S3, Broker


def test_two_groups_get_two_configurations(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root()
    with gateways(mosquitto, root, file, a=("shops",), b=("shops",), c=("ports",)) as found:
        shops = operator.signed("detect: {score: 0.5}\n", "--for-group", "shops")
        assert operator.publish(shops) == 0
        assert operator.said == ["a: config 1", "b: config 1"]
        ports = operator.signed("detect: {score: 0.6}\n", "--for-group", "ports")
        assert operator.publish(ports) == 0
        wait_until(lambda: all(one.patches for one in found.values()), "all have applied")
        assert {name: one.patches for name, one in found.items()} == {
            "a": ["detect: {score: 0.5}\n"],
            "b": ["detect: {score: 0.5}\n"],
            "c": ["detect: {score: 0.6}\n"],
        }
        status, rows = operator.status()
        assert status == 0
        assert [(row["running"], row["answer"]) for row in rows.values()] == [
            (1, "applied"),
            (1, "applied"),
            (2, "applied"),
        ]
        assert operator("config", "history", *operator.store) == 0
        assert ["groups ports" in operator.said[0], "groups shops" in operator.said[1]] == [1, 1]


def test_status_names_who_refused_and_why_and_who_is_silent(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root()
    with gateways(mosquitto, root, file, a=(), b=(), c=(), d=()) as found:
        found["b"].judge = lambda _: (OrderOutcome.REJECTED, ("detect.score: 7 is above 1",))
        found["c"].judge = lambda _: (OrderOutcome.ROLLED_BACK, ("camera gate lost health",))
        found["d"].link.stop(5)
        order = operator.signed("detect: {score: 7}\n", "--for-percent", "100")
        assert operator.publish(order) == 0
        wait_until(lambda: operator.status()[1]["c"]["answer"] == "rolled_back", "it rolled back")
        status, rows = operator.status()
        assert (status, {name: row["answer"] for name, row in rows.items()}) == (
            1,
            {"a": "applied", "b": "rejected", "c": "rolled_back", "d": rows["d"]["answer"]},
        )
        assert rows["d"]["answer"] in ("silent", "waiting")
        assert rows["b"]["why"] == "detect.score: 7 is above 1"
        assert operator("config", "status", *operator.connection) == 1
        assert "rejected" in next(line for line in operator.said if line.startswith("b "))


def test_an_order_waits_for_a_gateway_that_is_away(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root()
    order = operator.signed("detect: {score: 0.5}\n", "--for-gateway", "later")
    assert operator.publish(order) == 0
    with gateways(mosquitto, root, file, later=()) as found:
        wait_until(lambda: bool(found["later"].patches), "it has applied")


def test_two_of_two_sign_one_after_the_other_or_nothing_is_published(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root(config=("alice", "carol"), n=2)
    with gateways(mosquitto, root, file, a=()) as found:
        order = operator.signed("detect: {score: 0.5}\n", "--for-percent", "100")
        assert "not yet: 1 of 2 keys of role config signed" in operator.said[-1]
        assert operator.publish(order) == 1
        assert "below_threshold" in operator.complaint
        twice = ["--sign", operator.file("alice"), *operator.store]
        assert operator("config", "sign", "--add", order, *twice) == 0
        assert operator.publish(order) == 1
        second = ["--sign", operator.file("carol"), *operator.store]
        assert operator("config", "sign", "--add", order, *second) == 0
        assert operator.publish(order) == 0
        wait_until(lambda: bool(found["a"].patches), "it has applied")


def test_two_operators_cannot_both_make_a_version(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root()
    with gateways(mosquitto, root, file, a=()) as found:
        mine = operator.signed("detect: {score: 0.5}\n", "--for-percent", "100")
        yours = operator.signed("detect: {score: 0.6}\n", "--for-percent", "100")
        assert operator.publish(mine) == 0
        assert operator.publish(yours) == 1
        assert "config 1 was published by" in operator.complaint
        assert "sign yours as version 2" in operator.complaint
        assert operator.publish(mine) == 0
        assert operator.publish(operator.signed("x: 1\n", "--for-percent", "100")) == 0
        wait_until(lambda: len(found["a"].patches) == 2, "both were applied")
        assert operator.publish(mine) == 0
        assert operator.said == ["a: left alone, a newer one was ordered"]


def test_rollback_orders_the_version_before_under_a_higher_one(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    file = operator.root()
    with gateways(mosquitto, root, file, a=("shops",), b=("ports",)) as found:
        for score in ("0.5", "0.6"):
            order = operator.signed(f"detect: {{score: {score}}}\n", "--for-group", "shops")
            assert operator.publish(order) == 0
        common = ["--sign", operator.file("alice"), "--reason", "worse", *operator.store]
        assert operator("config", "rollback", *common, *operator.connection) == 0
        assert operator.said == ["a: config 3"]
        wait_until(lambda: found["a"].patches[-1:] == ["detect: {score: 0.5}\n"], "it is back")
        own = ["--to", "0", *common]
        assert operator("config", "rollback", *own, *operator.connection) == 0
        wait_until(lambda: found["a"].patches[-1:] == ["{}\n"], "its own file")
        assert found["b"].patches == []


LIMITS = ("--max-lost-decisions-share", "0.1", "--max-new-decisions-per-h", "2")


def order_in(file: str) -> ConfigOrder:
    envelope = read_envelope(Path(file).read_bytes())
    assert isinstance(envelope, Envelope)
    found = read_order(envelope.payload, "config")
    assert isinstance(found, ConfigOrder)
    return found


def test_an_order_carries_limits_for_what_is_replayed_and_says_so_to_who_signs_it(
    operator: Operator,
) -> None:
    operator.root()
    plain = operator.signed("detect: {min_score: 0.5}\n", "--for-percent", "100")
    envelope = read_envelope(Path(plain).read_bytes())
    assert isinstance(envelope, Envelope)
    assert b"replay" not in envelope.payload  # gateways of before know no such field
    limited = operator.signed("detect: {min_score: 0.5}\n", "--for-percent", "100", *LIMITS)
    assert "beyond: 10 % of decisions lost, 2 new ones an hour" in "".join(operator.said)
    assert order_in(limited).replay == ReplayLimits(
        max_lost_decisions_share=0.1, max_new_decisions_per_h=2
    )
    for wrong, why in (
        (["--max-lost-decisions-share", "3"], "limits: max_lost_decisions_share"),
        (["--accept-unreplayed"], "there is no limit"),
    ):
        arguments = [operator.file("patch.yaml"), "--sign", operator.file("alice"), *wrong]
        arguments += ["--reason", "x", "--for-percent", "100", *operator.store]
        assert operator("config", "sign", *arguments) != 0
        assert why in operator.complaint


def test_the_way_back_is_open_whatever_recent_frames_say(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    seen: list[UpdateOrder] = []

    def judge(opened: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
        seen.append(opened.order)
        return OrderOutcome.APPLIED, ()

    with gateways(mosquitto, root, operator.root(), a=()) as found:
        found["a"].judge = judge
        for score in (0.4, 0.5):
            patch = f"detect: {{min_score: {score}}}\n"
            order = operator.signed(patch, "--for-percent", "100", *LIMITS)
            assert operator.publish(order) == 0, operator.complaint
        why = ["--reason", "missed a walker", "--sign", operator.file("alice")]
        assert operator("config", "rollback", *why, *operator.store, *operator.connection) == 0
        wait_until(lambda: len(seen) == 3, "it is back")
    assert [one.replay is None for one in seen] == [False, False, True]


def test_diff_says_what_changes(operator: Operator, tmp_path: Path) -> None:
    operator.root()
    before = "detect: {score: 0.5, model: a}\nrules: [1]\n"
    assert operator.publish(operator.signed(before, "--for-gateway", "a")) == 0
    after = "detect: {score: 0.6, model: a}\ngate: {full_look_s: null}\n"
    (tmp_path / "new.yaml").write_text(after)
    assert operator("config", "diff", str(tmp_path / "new.yaml"), *operator.store) == 0
    assert operator.said == [
        "against config 1:",
        "~ detect.score: 0.5 -> 0.6",
        "+ gate.full_look_s: null",
        "- rules: [1]",
    ]


def test_a_model_is_stored_under_its_hashes_signed_and_published(
    operator: Operator, mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    operator.root()
    model = CHECKOUT_MODELS / "nanodet-g-416-int8"
    order = operator.file("model.json")
    signing = ["--sign", operator.file("carol"), "--reason", "better", "--for-gateway", "a"]
    signed = ["model", "sign", str(model), *signing, "--out", order, *operator.store]
    publish = ["model", "publish", order, *operator.store, *operator.connection]
    assert operator(*signed) == 0, operator.complaint
    assert operator(*publish) == 1
    assert "not in the store: `model upload FOLDER`" in operator.complaint
    assert operator("model", "upload", str(model), *operator.store) == 0
    for file in (tmp_path / "store/models").iterdir():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.name
    assert operator("model", "upload", str(model), *operator.store) == 0
    assert all(line.endswith("there already") for line in operator.said)
    assert operator(*publish) == 0, operator.complaint
    topics = Topics(gateway=GatewayId("a"), root=root)
    inbox = Inbox()
    desired = topics.of_update("model", "desired")
    with running(link_settings(mosquitto, f"{root}-ear"), inbox, [desired]):
        envelope = read_envelope(inbox.next().payload)
    assert isinstance(envelope, Envelope)
    found = read_order(envelope.payload, "model")
    assert isinstance(found, ModelOrder)
    assert found.manifest == (model / "manifest.json").read_text()
    assert {one.name for one in found.files} == {
        one.name for one in model.iterdir() if one.name != "manifest.json"
    }
    wrong = ["model", "sign", str(CHECKOUT_MODELS / "confirm-fused"), *signing, "--version", "2"]
    assert operator(*wrong) == 1
    assert "gateways run the edge's" in operator.complaint
    shutil.copytree(model, tmp_path / "untested")
    manifest = json.loads((model / "manifest.json").read_text()) | {"self_test": None}
    (tmp_path / "untested/manifest.json").write_text(json.dumps(manifest))
    assert operator("model", "sign", str(tmp_path / "untested"), *signing, "--version", "2") == 1
    assert "every gateway would refuse it" in operator.complaint


def test_a_version_is_claimed_once_in_s3_too(
    tmp_path: Path, mosquitto: Broker, root: str, seaweedfs: S3
) -> None:
    operator = Operator(tmp_path, mosquitto, root, seaweedfs.spec())
    operator.root()
    mine = operator.signed("detect: {min_score: 0.5}\n", "--for-gateway", "a")
    yours = operator.signed("detect: {min_score: 0.6}\n", "--for-gateway", "a")
    assert operator.publish(mine) == 0, operator.complaint
    assert operator.publish(mine) == 0
    assert operator.publish(yours) == 1
    assert "sign yours as version 2" in operator.complaint
    assert operator("config", "history", *operator.store) == 0
    assert [line.split("  ")[0] for line in operator.said] == ["1"]


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Broker]:
    folder = tmp_path / "many"
    folder.mkdir()
    with servers.mosquitto(folder) as broker:
        yield broker


def test_a_broker_that_holds_back_beyond_a_thousand_messages_still_shows_every_gateway(
    many: Broker, tmp_path: Path
) -> None:
    operator = Operator(tmp_path, many, "big")
    operator.root()
    info = json.dumps({"groups": ["all"]}).encode()
    with running(link_settings(many, "births")) as link:
        assert link.wait_ready(30)
        for n in range(1_500):
            topics = Topics(gateway=GatewayId(f"gw-{n}"), root="big")
            born = link.publish(topics.of_gateway("status"), b"online", retain=True)
            assert isinstance(born.wait(30), Delivered)
            born = link.publish(topics.of_gateway("info"), info, retain=True)
            assert isinstance(born.wait(30), Delivered)
    order = operator.signed("detect: {score: 0.5}\n", "--for-group", "all")
    assert operator.publish(order) == 0
    assert len(operator.said) == 1_500
    status, rows = operator.status()
    assert (status, len(rows), {row["answer"] for row in rows.values()}) == (0, 1_500, {"waiting"})
