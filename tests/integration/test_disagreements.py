"""Verdicts whose networks disagreed are listed with their pictures, from a directory and from a
real S3 server."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from cloud.__main__ import main
from cloud.confirm.decision import Stamp, confirm
from cloud.confirm.matching import EvidenceView, PictureDetections
from cloud.confirm.policy import Policy
from cloud.verdicts.entry import on_report
from cloud.verdicts.ledger import Ledger
from contract.report import ThreatReport
from imaging.detections import Detections
from objectstore.inventory import open_inventory
from objectstore.open import open_store
from tests import servers
from tests.unit.cloud.reports import NOON, a_ref, a_report

BOX = (40.0, 40.0, 60.0, 80.0)


class Kept:
    """A store, and what the command says about it."""

    def __init__(self, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.spec, self._capsys = spec, capsys
        self.store = open_store(spec)
        self.ledger = Ledger(self.store)

    def decide(self, track: int, *votes: float, days: float = 0.0) -> ThreatReport:
        """A person on whom two networks voted like this, decided so many days after noon."""
        shades = np.full((120, 160, 3), 40 * track % 256, np.uint8)
        jpeg = cv2.imencode(".jpg", shades)[1].tobytes()
        report = a_report(track=track, evidence=(a_ref(jpeg, size=(160, 120)),))
        self.store.put_if_absent(report.evidence[0].key, jpeg, "image/jpeg")
        found = Detections(
            boxes=np.array([BOX], np.float32),
            scores=np.array([sum(votes) / len(votes)], np.float32),
            labels=("person",),
            votes={f"net-{n}": np.array([one], np.float32) for n, one in enumerate(votes)},
        )
        seen = PictureDetections(detections=found, width=100, height=100)
        view = EvidenceView(seen=seen, moment=NOON, close=False, place=report.box)
        stamp = Stamp(model_sha256="a" * 64, decided_at=NOON + timedelta(days=days))
        verdict = on_report(confirm(report, (view,), (), Policy(), stamp), report)
        assert self.ledger.decide(verdict, report) == verdict
        return report

    def listed(self, *options: str) -> tuple[list[dict[str, object]], dict[str, int]]:
        assert main(["disagreements", "--store", self.spec, *options]) == 0
        said = self._capsys.readouterr()
        return [json.loads(line) for line in said.out.splitlines()], json.loads(said.err)


@pytest.fixture(params=["dir", "s3"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Kept:
    if request.param == "dir":
        return Kept(f"dir:{tmp_path / 'store'}", capsys)
    server: servers.S3 = request.getfixturevalue("seaweedfs")
    inventory = open_inventory(server.spec())
    for prefix in ("evidence/", "verdicts/"):
        for listed in list(inventory.list(prefix)):
            inventory.remove(listed.key)
    return Kept(server.spec(), capsys)


def test_those_on_which_the_networks_disagreed_are_listed_with_their_pictures(kept: Kept) -> None:
    blind = kept.decide(1, 0.9, 0.02)
    kept.decide(2, 0.8, 0.7)
    alone = kept.decide(3, 0.5, 0.0, days=1)
    lines, counts = kept.listed()
    assert [line["report_id"] for line in lines] == [alone.report_id, blind.report_id]
    assert [line["decision"] for line in lines] == ["refuted", "confirmed"]
    assert lines[1]["pictures"] == [blind.evidence[0].key]
    assert counts == {"disagreements": 2, "verdicts": 3, "refused": 0}


def test_a_folder_holds_their_pictures_a_sheet_and_what_is_to_be_filled_in(
    kept: Kept, tmp_path: Path
) -> None:
    blind, gone, altered = (kept.decide(track, 0.9, 0.02) for track in (1, 2, 3))
    inventory, out = open_inventory(kept.spec), tmp_path / "out"
    for one in (gone, altered):
        inventory.remove(one.evidence[0].key)
    other = cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes()
    kept.store.put_if_absent(altered.evidence[0].key, other, "image/jpeg")
    _, counts = kept.listed("--out", str(out))
    assert (counts["pictures_gone"], counts["pictures_unusable"]) == (1, 1)
    labels = [json.loads(line) for line in (out / "labels.jsonl").read_text().splitlines()]
    files = {line["report_id"]: line["files"] for line in labels}
    assert files == {
        blind.report_id: [f"{blind.report_id}-0.jpg"],
        gone.report_id: [],
        altered.report_id: [],
    }
    assert all(line["truth"] is None for line in labels)
    assert (out / files[blind.report_id][0]).read_bytes() == kept.store.get(
        blind.evidence[0].key, 100_000
    )
    assert cv2.imread(str(out / "sheet.jpg")).shape[0] > 3 * 200


def test_a_time_and_a_number_bound_the_list(kept: Kept) -> None:
    for track in range(4):
        kept.decide(track, 0.9, 0.02, days=track)
    since = (NOON + timedelta(days=2)).date().isoformat()
    assert len(kept.listed("--since", since)[0]) == 2
    newest, _ = kept.listed("--most", "1")
    decided_at = datetime.fromisoformat(str(newest[0]["decided_at"]))
    assert decided_at == (NOON + timedelta(days=3)).astimezone(UTC)


def test_labels_that_are_there_are_not_overwritten_and_nonsense_is_refused(
    kept: Kept, tmp_path: Path
) -> None:
    kept.decide(1, 0.9, 0.02)
    (tmp_path / "labels.jsonl").write_text("mine\n")
    refused = ["disagreements", "--store", kept.spec]
    assert main([*refused, "--out", str(tmp_path)]) == os.EX_CONFIG
    assert (tmp_path / "labels.jsonl").read_text() == "mine\n"
    assert main([*refused, "--since", "yesterday"]) == os.EX_CONFIG
