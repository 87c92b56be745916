"""The marked suspicion: its picture is the model's own, stamped, and nothing of the site's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contract.cloudevent import frame_report, read_report
from contract.ids import GatewayId, report_id
from edge.config.evidence import EvidenceConfig
from edge.config.schema import IntakeConfig, PrivacyMaskConfig
from edge.deliver.evidence import ReportOrigin
from edge.deliver.outbox_records import AUDIT_RANK, TEST_RANK, rank
from edge.intake.admission import admit
from edge.privacy import Privacy
from edge.records import Frame, Message
from edge.self_test.bundle import (
    CAMERA,
    NoTestPicture,
    find_picture,
    marked,
    stamped,
    words_of,
)
from imaging.manifest import find_model, read_manifest

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
GATEWAY = GatewayId("gw")
ID = report_id(GATEWAY, CAMERA, 7, 0, 0)
FOLDER = find_model("nanodet-g-416-int8")
EVERYTHING = PrivacyMaskConfig(id="all", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))


def origin(privacy: Privacy | None = None) -> ReportOrigin:
    return ReportOrigin(
        gateway=GATEWAY,
        model_sha256="a" * 64,
        config_version="1",
        config_sha256="b" * 64,
        evidence=EvidenceConfig(),
        privacy=privacy or Privacy(),
    )


def framed(words: str = "words") -> tuple[Frame, tuple[float, float, float, float]]:
    picture = find_picture(FOLDER, read_manifest(FOLDER))
    message = Message(
        camera=CAMERA,
        topic="",
        payload=stamped(picture, words),
        received_at=AT,
        received_mono_s=5.0,
    )
    frame = admit(message, IntakeConfig().limits, IntakeConfig().json_paths)
    assert isinstance(frame, Frame)
    return frame, picture.box


def test_it_says_that_it_is_a_test_and_ranks_below_everything() -> None:
    frame, box = framed()
    report = marked(frame, box, ID, origin()).report
    assert (report.test, report.audit, report.severity, report.requests_left) == (True, True, 0, 0)
    assert rank(report) == TEST_RANK < AUDIT_RANK
    assert read_report(frame_report(report)) == report


def test_it_has_a_crop_and_a_view_under_the_gateways_own_prefix() -> None:
    frame, box = framed()
    bundle = marked(frame, box, ID, origin())
    assert [ref.role for ref in bundle.report.evidence] == ["best", "crop"]
    assert all(p.key.startswith("evidence/gw/_self_test/2026/11/27/") for p in bundle.pictures)


def test_each_test_has_bytes_of_its_own() -> None:
    one, other = (framed(words_of(ID, AT.replace(second=second)))[0] for second in (1, 2))
    assert one.picture != other.picture


def test_the_sites_masks_do_not_lie_on_it() -> None:
    frame, box = framed()
    masked = Privacy(others=(EVERYTHING,))
    assert marked(frame, box, ID, origin(masked)) == marked(frame, box, ID, origin())


def test_a_model_without_a_picture_of_a_person_cannot_be_tested_so(tmp_path: Path) -> None:
    manifest = read_manifest(FOLDER)
    with pytest.raises(NoTestPicture, match="no picture of a person"):
        find_picture(FOLDER, manifest.model_copy(update={"self_test": None}))
    with pytest.raises(NoTestPicture, match="is missing"):
        find_picture(tmp_path, manifest)
    picture = find_picture(FOLDER, manifest)
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    with pytest.raises(NoTestPicture, match="cannot be decoded"):
        stamped(replace(picture, path=damaged), "words")
