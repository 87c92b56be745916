"""A store with verdicts and pictures of gateways, and the auditor's view of it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.confirm.decision import Stamp, inconclusive
from cloud.keys import make_keys, open_signer
from cloud.verdicts.entry import on_report
from cloud.verdicts.ledger import Ledger
from contract.chain import START, link_sha256
from contract.ids import CameraId, GatewayId, report_id
from contract.keys import evidence_key
from contract.report import ChainLink, EvidenceRef, Span, ThreatReport
from contract.signature import Keyring
from contract.verdict import Decision
from objectstore.inventory import open_inventory
from objectstore.open import open_store
from objectstore.store import NotFound
from service.clock import SystemClock
from tests.unit.cloud.reports import NOON, a_ref, a_report

NOW = SystemClock().now()
CHAIN = "0123456789abcdef"


class Held:
    """A store with verdicts and pictures of gateways, and the auditor's view of it."""

    def __init__(self, spec: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.spec, self._capsys = spec, capsys
        make_keys(folder / "cloud.key")
        self.key, self.public = folder / "cloud.key", folder / "cloud.key.pub"
        self.heads = folder / "heads.json"
        signer = open_signer(self.key)
        self.store, self.inventory = open_store(spec), open_inventory(spec)
        self.ledger = Ledger(self.store, signer, Keyring([signer.public]))
        self.previous, self.number = START, 0
        self.folder = folder

    def decide(
        self, gateway: GatewayId, *, days: float = 5, decision: Decision = "refuted",
        given_up: tuple[Span, ...] = (), stored: bool = True, shared: bytes = b"",
    ) -> ThreatReport:  # fmt: skip
        """The next report of the chain, decided so many days ago."""
        self.number += 1
        bodies = [b"crop %d of %s" % (self.number, gateway.encode()), shared or b"view"]
        refs = tuple(self._picture(gateway, body) for body in bodies)
        link = ChainLink(
            chain=CHAIN, number=self.number, previous=self.previous, pictures=2, given_up=given_up
        )
        named = report_id(gateway, CameraId("gate"), 1, self.number, 0)
        report = a_report(evidence=refs).model_copy(
            update={"report_id": named, "gateway": gateway, "link": link}
        )
        self.previous = link_sha256(link, gateway, named, refs)
        at = NOW - timedelta(days=days)
        verdict = inconclusive(report, "test", Stamp(model_sha256="a" * 64, decided_at=at))
        verdict = on_report(verdict.model_copy(update={"decision": decision}), report)
        if stored:
            assert self.ledger.decide(verdict, report) == verdict
        return report

    def _picture(self, gateway: GatewayId, body: bytes) -> EvidenceRef:
        sha256 = hashlib.sha256(body).hexdigest()
        key = evidence_key(gateway, CameraId("gate"), NOON, sha256)
        self.store.put_if_absent(key, body, "image/jpeg")
        return a_ref(body).model_copy(update={"key": key})

    def verify(self, *options: str) -> tuple[int, list[str], dict[str, object]]:
        """Exit status, findings as `kind what`, summary."""
        arguments = ["--store", self.spec, "--trusted-keys", str(self.public), "--json"]
        status = main(["verify-evidence", *arguments, *options])
        *lines, last = [json.loads(one) for one in self._capsys.readouterr().out.splitlines()]
        found = [f"{one['found']} {one['what']}" for one in lines if "found" in one]
        return status, found, last

    def retain(self, *options: str) -> dict[str, object]:
        arguments = ["--store", self.spec, "--signing-key", str(self.key), "--json"]
        assert main(["retain", *arguments, *options]) == 0
        summary: dict[str, object] = json.loads(self._capsys.readouterr().out.splitlines()[-1])
        return summary

    def overwrite(self, key: str, body: bytes) -> None:
        self.store.replace(key, body, "application/json")

    def there(self, key: str) -> bool:
        try:
            self.store.get(key, 100_000)
        except NotFound:
            return False
        return True
