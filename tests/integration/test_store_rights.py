"""The shipped rights in the object store: who may do what, on a real server and on paper."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from contract.ids import CameraId, GatewayId, report_id
from contract.keys import (
    WORKERS_TRIAL_KEY,
    alarm_record_key,
    evidence_key,
    model_key,
    trial_key,
    verdict_key,
    watch_key,
    watch_pin_key,
)
from objectstore.inventory import open_inventory
from objectstore.open import open_store
from objectstore.store import NotFound, PermanentStoreError
from objectstore.trial import put_on_trial
from tests import servers
from tests.integration.cloud_workers import CHECKOUT
from tests.unit.cloud.reports import NOON

FOLDER = CHECKOUT / "deploy" / "s3"
NORTH, SOUTH, GATE = GatewayId("north"), GatewayId("south"), CameraId("gate")
OWN = evidence_key(NORTH, GATE, NOON, "a" * 64)
OTHERS = evidence_key(SOUTH, GATE, NOON, "b" * 64)
VERDICT = verdict_key(NORTH, report_id(NORTH, GATE, 1, 2, 0))
REPORTED, ACTION = (
    alarm_record_key(NORTH, report_id(NORTH, GATE, 1, 2, 0), name, 1)
    for name in ("report", "action")
)
RETENTION = "retention/north.json"
WATCHES = watch_key(NORTH, "a" * 16, 1, "b" * 64), watch_pin_key(NORTH)
MODEL, ORDER = model_key("c" * 64), "updates/config/7.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.S3]:
    text = (FOLDER / "seaweedfs.json").read_text().replace("BUCKET", "evidence")
    folder = tmp_path_factory.mktemp("rights")
    with servers.seaweedfs(folder, others=json.loads(text)["identities"]) as running:
        store = open_store(running.spec())
        for key in (OTHERS, VERDICT):
            store.put_if_absent(key, b"there", "image/jpeg")
        yield running


def spec_of(server: servers.S3, who: str, folder: Path) -> str:
    """The store as one of the identities sees it."""
    file = folder / f"{who}.ini"
    keys = f"aws_access_key_id = {who}-access\naws_secret_access_key = {who}-secret\n"
    file.write_text(f"[default]\n{keys}")
    return f"s3:evidence?endpoint_url={server.endpoint_url}&credentials_file={file}"


def refused(step: Callable[[], object]) -> bool:
    """Whether the server says no, and not merely that there is nothing."""
    try:
        step()
    except NotFound:
        return False
    except PermanentStoreError as error:
        return "AccessDenied" in str(error)
    return False


def test_a_gateway_puts_reads_and_mends_its_own_evidence_and_nothing_else(
    server: servers.S3, tmp_path: Path
) -> None:
    spec = spec_of(server, "gateway-north", tmp_path)
    store, inventory = open_store(spec), open_inventory(spec)
    assert store.put_if_absent(OWN, b"mine", "image/jpeg") in {"created", "exists"}
    assert store.get(OWN, 10) == b"mine"
    store.replace(OWN, b"mine", "image/jpeg")
    for key in (OTHERS, VERDICT, RETENTION, *WATCHES, "elsewhere"):
        assert refused(lambda key=key: store.put_if_absent(key, b"x", "image/jpeg"))  # type: ignore[misc]
        assert refused(lambda key=key: store.replace(key, b"x", "image/jpeg"))  # type: ignore[misc]
        assert refused(lambda key=key: store.get(key, 10))  # type: ignore[misc]
        assert refused(lambda key=key: inventory.remove(key))  # type: ignore[misc]
    for prefix in ("", "evidence/", "evidence/south/", "verdicts/"):
        assert refused(lambda prefix=prefix: list(inventory.list(prefix)))  # type: ignore[misc]


def test_least_rights_are_enough_for_the_trial_at_the_start_of_each_and_for_no_others(
    server: servers.S3, tmp_path: Path
) -> None:
    own = {"gateway-north": trial_key(NORTH), "worker": WORKERS_TRIAL_KEY}
    for who, key in own.items():
        store = open_store(spec_of(server, who, tmp_path))
        for _ in range(2):
            put_on_trial(store, key)
        (other,) = set(own.values()) - {key}
        assert refused(lambda store=store, key=other: put_on_trial(store, key))  # type: ignore[misc]


def test_a_gateway_reads_models_which_operators_write_beside_their_orders(
    server: servers.S3, tmp_path: Path
) -> None:
    operator = open_store(spec_of(server, "operator", tmp_path))
    for key in (MODEL, ORDER):
        assert operator.put_if_absent(key, b"signed", "application/json") in {"created", "exists"}
        assert operator.get(key, 10) == b"signed"
    for key in (OWN, VERDICT):
        assert refused(lambda key=key: operator.replace(key, b"x", "image/jpeg"))  # type: ignore[misc]
        assert refused(lambda key=key: operator.get(key, 10))  # type: ignore[misc]
    gateway = open_store(spec_of(server, "gateway-north", tmp_path))
    assert gateway.get(MODEL, 10) == b"signed"
    assert refused(lambda: gateway.replace(MODEL, b"x", "image/jpeg"))
    assert refused(lambda: gateway.get(ORDER, 10))


def test_a_worker_reads_evidence_creates_verdicts_and_is_told_what_is_missing(
    server: servers.S3, tmp_path: Path
) -> None:
    spec = spec_of(server, "worker", tmp_path)
    store, inventory = open_store(spec), open_inventory(spec)
    assert store.get(OTHERS, 10) == b"there"
    assert store.put_if_absent(VERDICT, b"mine", "application/json") == "exists"
    for key in WATCHES:
        store.put_if_absent(key, b"signed", "application/json")
        assert store.get(key, 10) == b"signed"
    with pytest.raises(NotFound):
        store.get(verdict_key(NORTH, report_id(NORTH, GATE, 9, 9, 9)), 10)
    assert refused(lambda: store.put_if_absent(OWN, b"x", "image/jpeg"))
    assert refused(lambda: store.replace(RETENTION, b"x", "application/json"))
    assert refused(lambda: inventory.remove(OTHERS))
    assert refused(lambda: list(inventory.list("evidence/")))


def test_a_worker_stores_reports_and_the_console_what_operators_did(
    server: servers.S3, tmp_path: Path
) -> None:
    worker = open_store(spec_of(server, "worker", tmp_path))
    console_spec = spec_of(server, "console", tmp_path)
    console, inventory = open_store(console_spec), open_inventory(console_spec)
    assert worker.put_if_absent(REPORTED, b"report", "application/json") in {"created", "exists"}
    assert console.get(REPORTED, 10) == b"report"
    assert console.put_if_absent(ACTION, b"action", "application/json") in {"created", "exists"}
    assert {REPORTED, ACTION} <= {one.key for one in inventory.list("alarms/")}
    assert console.get(VERDICT, 10) == console.get(OTHERS, 10) == b"there"
    for key in (VERDICT, OWN, RETENTION, ORDER):
        assert refused(lambda key=key: console.replace(key, b"x", "application/json"))  # type: ignore[misc]
    gateway = open_store(spec_of(server, "gateway-north", tmp_path))
    assert refused(lambda: gateway.put_if_absent(ACTION, b"x", "application/json"))
    assert refused(lambda: gateway.get(REPORTED, 10))


def test_an_auditor_sees_all_and_changes_nothing(server: servers.S3, tmp_path: Path) -> None:
    spec = spec_of(server, "auditor", tmp_path)
    store, inventory = open_store(spec), open_inventory(spec)
    assert OTHERS in [one.key for one in inventory.list("evidence/")]
    assert store.get(VERDICT, 10) == b"there"
    assert refused(lambda: store.put_if_absent(OWN, b"x", "image/jpeg"))
    assert refused(lambda: inventory.remove(OTHERS))


def allowed(policy: str, action: str, key: str, *, conditional: bool = False) -> bool:
    """What the document says of one object, as AWS reads it: a denial beats what is granted."""
    text = (FOLDER / policy).read_text().replace("BUCKET", "b").replace("GATEWAY", NORTH)
    text = text.replace("${aws:PrincipalTag/gateway}", NORTH).replace("${aws:username}", NORTH)
    said = [one for one in json.loads(text)["Statement"] if _speaks_of(one, action, key)]
    if any(one["Effect"] == "Deny" for one in said):
        return False
    return any("Condition" not in one or conditional for one in said)


def _speaks_of(statement: dict[str, Any], action: str, key: str) -> bool:
    arn = f"arn:aws:s3:::b/{key}"
    on = _one_of(arn, statement["Resource"]) if "Resource" in statement else not _one_of(
        arn, statement["NotResource"]
    )  # fmt: skip
    does = _one_of(action, statement["Action"]) if "Action" in statement else not _one_of(
        action, statement["NotAction"]
    )  # fmt: skip
    return on and does


def _one_of(text: str, patterns: str | list[str]) -> bool:
    return any(
        fnmatchcase(text, one) for one in ([patterns] if isinstance(patterns, str) else patterns)
    )


PUT, GET, DELETE = "s3:PutObject", "s3:GetObject", "s3:DeleteObject"


@pytest.mark.parametrize("policy", ["gateway.json", "gateway-by-tag.json", "gateway-by-user.json"])
def test_the_documents_let_a_gateway_do_what_it_does_and_nothing_else(policy: str) -> None:
    assert allowed(policy, PUT, OWN)
    assert allowed(policy, GET, OWN)
    assert not allowed(policy, DELETE, OWN)
    assert allowed(policy, GET, MODEL)
    assert not allowed(policy, PUT, MODEL)
    prefix_alike = evidence_key(GatewayId("north-2"), GATE, NOON, "a" * 64)
    for key in (OTHERS, VERDICT, RETENTION, ORDER, REPORTED, ACTION, *WATCHES, prefix_alike):
        for action in (PUT, GET, DELETE):
            assert not allowed(policy, action, key, conditional=True)


def test_the_documents_for_workers_auditor_and_keeper() -> None:
    assert allowed("worker.json", GET, OTHERS)
    assert allowed("worker.json", PUT, VERDICT, conditional=True)
    assert not allowed("worker.json", PUT, VERDICT)
    assert not allowed("worker.json", PUT, OWN, conditional=True)
    assert not allowed("worker.json", DELETE, VERDICT)
    for policy in ("worker.json", "console.json"):
        assert allowed(policy, GET, ACTION)
        assert allowed(policy, PUT, ACTION, conditional=True)
        assert not allowed(policy, PUT, ACTION)
        assert not allowed(policy, DELETE, ACTION)
    assert allowed("console.json", GET, OWN)
    assert not allowed("console.json", PUT, VERDICT, conditional=True)
    assert allowed("keeper.json", DELETE, ACTION)
    for key in WATCHES:
        assert allowed("worker.json", PUT, key, conditional=True)
        assert not allowed("worker.json", PUT, key)
        assert not allowed("worker.json", DELETE, key)
        assert not allowed("keeper.json", DELETE, key)
    for key in (MODEL, ORDER):
        assert allowed("operator.json", PUT, key)
        assert allowed("operator.json", GET, key)
    assert not allowed("operator.json", PUT, VERDICT)
    assert not allowed("operator.json", GET, OWN)
    assert allowed("auditor.json", GET, VERDICT)
    assert not allowed("auditor.json", PUT, RETENTION)
    assert allowed("keeper.json", DELETE, OWN)
    assert allowed("keeper.json", PUT, RETENTION)
    assert not allowed("keeper.json", PUT, VERDICT)
