"""A stranger at the cloud's broker and in its store, against the whole site: gateway, worker, keys.

He hears everything, publishes what he likes, holds a key of his own, and plants verdicts in the
store before the worker gets there. The true verdict arrives, once, and the check names what he did.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cloud.keys import make_keys
from cloud.verdicts.entry import encode, entry_of, on_report
from contract.cloudevent import Untrusted, frame_verdict, read_answer
from contract.keys import verdict_key
from contract.report import ThreatReport
from contract.signature import Keyring, new_signer, read_public
from contract.verdict import Verdict
from objectstore.open import open_store
from tests.processes import child, until
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import CHECKOUT, PATIENCE_S, Ear, ear, edge, settings
from tests.verdicts import verdict_on

STREET = (CHECKOUT / "models" / "self_test" / "street-030.jpg").read_bytes()
STRANGER = new_signer()

pytestmark = pytest.mark.timeout(300)


def cloud(*arguments: object) -> list[str]:
    """The command line of the cloud."""
    return ["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "cloud", *map(str, arguments)]


def test_the_true_verdict_arrives_once_and_the_check_names_what_was_planted(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root, store = "strangers", f"dir:{tmp_path / 'store'}"
    key = tmp_path / "cloud.key"
    make_keys(key)
    config = settings(
        mosquitto, root, tmp_path, deadline_s=250, resend_s=2, cloud_keys=[f"{key}.pub"]
    )
    config["camera_defaults"] = {"kind": "snapshot"}
    log = tmp_path / "worker.log"
    worker = cloud(
        "serve", "--root", root, "--store", store, "--signing-key", key,
        "--broker", f"mqtt://{mosquitto.host}:{mosquitto.port}",
    )  # fmt: skip
    with ear(mosquitto, root) as heard, edge(tmp_path, config) as daemon:
        heard.publish(f"{root}-cameras/gate/image", STREET)
        assert heard.wait(lambda: bool(heard.reports()))
        report = heard.reports()[0]
        lie = on_report(verdict_on(report, "refuted"), report)
        topic = f"{root}/gw/gate/verdict"
        for said in (frame_verdict(lie), frame_verdict(lie, STRANGER)):
            heard.publish(topic, said)
        plant = open_store(store)
        for place, signer in enumerate((None, STRANGER)):
            body = encode(entry_of(lie, report), signer)
            place_key = verdict_key(report.gateway, report.report_id, place)
            assert plant.put_if_absent(place_key, body, "application/json") == "created"
        wait(daemon, lambda: len(daemon.events("verdict_refused")) >= 1)
        assert not daemon.events("verdict_received")

        with child(worker, log, patience_s=30.0) as process:
            until(lambda: "link_subscribed" in log.read_text(errors="replace"), process, log)
            wait(daemon, lambda: _received(daemon.events("verdict_received"), report))
        true = [v for v in _signed(heard, key, topic) if v.report_id == report.report_id]
        assert {verdict.decision for verdict in true} == {"confirmed"}
        assert len(set(true)) == 1
        refusals = log.read_text(errors="replace")
        assert '"reason": "unsigned"' in refusals
        assert '"reason": "foreign_key"' in refusals

        before = len(daemon.events("verdict_received"))
        for payload in heard.on("gw/gate/verdict"):  # everything again, on another's topic too
            heard.publish(topic, payload)
            heard.publish(f"{root}/gw/yard/verdict", payload)
        heard.publish(f"{root}-cameras/yard/image", STREET)
        assert heard.wait(lambda: any(r.camera == "yard" for r in heard.reports()), PATIENCE_S)
        assert len(daemon.events("verdict_received")) == before
        assert b"ON" not in heard.on("gw/yard/threat")

    found = _check(store, key, tmp_path)
    planted = [verdict_key(report.gateway, report.report_id, place) for place in (0, 1)]
    named = sorted((one["found"], one["what"]) for one in found)
    assert named == sorted(("verdict_inserted", key) for key in planted)


def _received(events: list[dict[str, object]], report: ThreatReport) -> bool:
    return any(event["report_id"] == report.report_id for event in events)


def _signed(heard: Ear, key: Path, topic: str) -> list[Verdict]:
    """What the cloud itself said, as its key tells."""
    keyring = Keyring([read_public(Path(f"{key}.pub").read_bytes())])
    verdicts = []
    for where, payload in heard.heard:
        if where == topic:
            try:
                answer = read_answer(payload, keyring)
            except Untrusted:
                continue
            if isinstance(answer, Verdict):
                verdicts.append(answer)
    return verdicts


def _check(store: str, key: Path, folder: Path) -> list[dict[str, str]]:
    """What `verify-evidence` finds."""
    log = folder / "check.log"
    command = cloud(
        "verify-evidence", "--store", store, "--trusted-keys", f"{key}.pub", "--json"
    )  # fmt: skip
    with child(command, log) as process:
        assert process.wait(PATIENCE_S) == 1
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if "found" in line]
