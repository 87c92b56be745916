"""Every damaged, hostile or merely odd file ends as a reason or as pixels, at a bounded price.

Runs in a process of its own, so that its peak of memory is its own. Times are for the bench.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imaging.admission import Reason
from tests.unit.imaging.pictures import claiming, encoded, png_header, scene
from tools.evaluation.bench.admission import DECODED

DATA = os.environ.get("STILLWATCH_DATA", "")
ROOT = Path(__file__).resolve().parents[2]
MOST_GROWTH_MB = 150.0
NEEDS_DATA = pytest.mark.skipif(
    not (Path(DATA) / "malformed").is_dir() or not DATA,
    reason="STILLWATCH_DATA names no folder with malformed/",
)

Outcomes = dict[str, str]


def outcomes_of(folder: Path) -> tuple[Outcomes, float]:
    """What became of each file of `folder`, and by how many MB the process grew."""
    command = [sys.executable, "-m", "tools.evaluation.bench.admission", str(folder), "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr.decode(errors="replace")[-2_000:]
    measured = json.loads(run.stdout)
    return {row["file"]: row["outcome"] for row in measured["rows"]}, measured["grown_mb"]


@pytest.fixture(scope="module")
def malformed() -> tuple[Outcomes, float]:
    return outcomes_of(Path(DATA) / "malformed")


def test_a_small_file_that_claims_900_megapixels_costs_no_memory(tmp_path: Path) -> None:
    jpeg = encoded(scene(768, 432))
    (tmp_path / "claims.jpg").write_bytes(claiming(jpeg, 30_000, 30_000))
    (tmp_path / "whole.jpg").write_bytes(jpeg)
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "claims.png").write_bytes(png_header(640, 480) + b"\xff\xff\xff\x00IDAT")
    outcomes, grown_mb = outcomes_of(tmp_path)
    assert outcomes == {
        "claims.jpg": Reason.TOO_MANY_PIXELS,
        "whole.jpg": DECODED,
        "cut.jpg": Reason.TRUNCATED,
        "empty.jpg": Reason.EMPTY,
        "claims.png": Reason.TRUNCATED,
    }
    assert grown_mb < 30


@NEEDS_DATA
def test_every_file_ends_as_a_reason_or_as_pixels(malformed: tuple[Outcomes, float]) -> None:
    outcomes, _ = malformed
    manifest = json.loads((Path(DATA) / "malformed" / "manifest.json").read_text())
    named = {entry["file"] for entry in manifest["files"]}
    assert named <= outcomes.keys()
    assert set(outcomes.values()) <= {DECODED, *Reason}


@NEEDS_DATA
def test_memory_stays_bounded(malformed: tuple[Outcomes, float]) -> None:
    _, grown_mb = malformed
    assert grown_mb < MOST_GROWTH_MB


EXPECTED = {
    "gen_sof_65500x65500.jpg": Reason.TOO_MANY_PIXELS,
    "gen_sof_30000x30000.jpg": Reason.TOO_MANY_PIXELS,
    "gen_bomb_20000x20000_1bit.png": Reason.TOO_MANY_PIXELS,
    "gen_bomb_12000x12000_rgb.png": Reason.TOO_MANY_PIXELS,
    "gen_png_2e31.png": Reason.TOO_MANY_PIXELS,
    "gen_valid_30000x3000_gray.jpg": Reason.TOO_MANY_PIXELS,
    "gen_valid_8000x8000_gray.jpg": Reason.TOO_MANY_PIXELS,
    "gen_sof_0x0.jpg": Reason.ZERO_SIZE,
    "gen_sof_0height.jpg": Reason.ZERO_SIZE,
    "gen_png_0x0.png": Reason.ZERO_SIZE,
    "gen_tiny_1x1.jpg": Reason.TOO_SMALL,
    "gen_tiny_4000x1.jpg": Reason.TOO_SMALL,
    "gen_soi_only.jpg": Reason.TRUNCATED,
    "gen_cut_01pct.jpg": Reason.TRUNCATED,
    "gen_cut_50pct.jpg": Reason.TRUNCATED,
    "gen_cut_99pct.jpg": Reason.TRUNCATED,
    "gen_progressive_cut_40pct.jpg": Reason.TRUNCATED,
    "pil_truncated_image.png": Reason.TRUNCATED,
    "cta_african_elephants_truncated_file.jpg": Reason.TRUNCATED,
    "gen_no_eoi.jpg": DECODED,
    "gen_trailing_garbage.jpg": DECODED,
    "gen_two_concatenated.jpg": DECODED,
    "gen_sof_wrong.jpg": Reason.TRUNCATED,
    "gen_hole_zeros.jpg": DECODED,
    "gen_progressive.jpg": DECODED,
    "gen_cmyk.jpg": DECODED,
    "gen_gray.jpg": DECODED,
    "gen_gray16.png": DECODED,
    "gen_rgb16.png": DECODED,
    "gen_rgba.png": DECODED,
    "gen_png_named.jpg": DECODED,
    "gen_jpeg_named.png": DECODED,
    "gen_base64_named.jpg": DECODED,
    "gen_exif_orient_6.jpg": DECODED,
    "gen_exif_hostile_text.jpg": DECODED,
    "gen_half_grey.jpg": DECODED,
    "pil_junk_jpeg_header.jpg": DECODED,
    "gen_html_named.jpg": Reason.UNKNOWN_TYPE,
    "gen_zip_named.jpg": Reason.UNKNOWN_TYPE,
    "gen_leading_http_header.jpg": DECODED,
    "gen_all_ff_64k.jpg": Reason.UNKNOWN_TYPE,
    "gen_random_32k.jpg": Reason.UNKNOWN_TYPE,
    "gen_json_named.jpg": Reason.NO_IMAGE_IN_JSON,
    "gen_gif_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_webp_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_bmp_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_tiff_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_mp4_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_svg_named.jpg": Reason.UNSUPPORTED_TYPE,
    "gen_app_64k_x40.jpg": Reason.TOO_LARGE,
    "gen_com_bomb.jpg": Reason.MALFORMED,
    "jdec_empty.jpg": Reason.EMPTY,
    "jdec_invalid-prediction-shift.jpg": Reason.UNSUPPORTED_CODING,
}


@NEEDS_DATA
@pytest.mark.parametrize(("file", "expected"), EXPECTED.items(), ids=EXPECTED.keys())
def test_a_known_file_ends_as_expected(
    malformed: tuple[Outcomes, float], file: str, expected: str
) -> None:
    outcomes, _ = malformed
    assert outcomes[file] == expected
