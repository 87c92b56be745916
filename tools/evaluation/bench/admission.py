"""What refusing costs: every file of a folder through admission and decoding, one at a time.

`python -m tools.evaluation.bench.admission FOLDER [--json]` prints the outcomes counted, the
slowest refusals and by how much the process grew. Reports; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2

from contract.ids import CameraId
from edge.config.schema import JsonPathsConfig, PictureLimitsConfig
from edge.intake.admission import admit
from edge.records import Message
from imaging.admission import Rejected
from imaging.decode import decode
from tools.evaluation.bench.stopwatch import timed

SLOWEST = 10
DECODED = "decoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCost:
    """One file: `outcome` is `decoded` or the reason; `stage` is where it ended."""

    file: str
    picture_bytes: int
    outcome: str
    stage: str
    detail: str
    admit_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCosts:
    """`grown_mb`: how much higher the peak of resident memory was after than before."""

    rows: tuple[FileCost, ...]
    grown_mb: float

    def refused(self) -> list[FileCost]:
        """Refusals, slowest first."""
        rows = (row for row in self.rows if row.outcome != DECODED)
        return sorted(rows, key=lambda row: -row.total_ms)


def measure_refusals(files: list[Path], limits: PictureLimitsConfig) -> RefusalCosts:
    """The outcome and cost of each file, sent as a camera would send it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = tuple(_measure(file, limits) for file in files)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return RefusalCosts(rows=rows, grown_mb=grown / 1024)


def _measure(file: Path, limits: PictureLimitsConfig) -> FileCost:
    payload = file.read_bytes()
    message = Message(
        camera=CameraId("bench"),
        topic="cameras/bench/image",
        payload=payload,
        received_at=datetime(2024, 1, 1, tzinfo=UTC),
        received_mono_s=0.0,
    )
    admitted, spent = timed(lambda: admit(message, limits, JsonPathsConfig()))
    if isinstance(admitted, Rejected):
        return _row(file, payload, admitted, "admission", spent.wall_s, spent.wall_s)
    frame = admitted
    image, further = timed(lambda: decode(frame.picture, frame.header))
    refusal = image if isinstance(image, Rejected) else None
    return _row(file, payload, refusal, "decoding", spent.wall_s, (spent + further).wall_s)


def _row(
    file: Path, payload: bytes, refusal: Rejected | None, stage: str, admit_s: float, total_s: float
) -> FileCost:
    return FileCost(
        file=file.name,
        picture_bytes=len(payload),
        outcome=DECODED if refusal is None else refusal.reason.value,
        stage=stage,
        detail="" if refusal is None else refusal.detail,
        admit_ms=admit_s * 1e3,
        total_ms=total_s * 1e3,
    )


def text(measured: RefusalCosts) -> str:
    """The tables for people."""
    counts = Counter(row.outcome for row in measured.rows)
    lines = [f"{len(measured.rows)} files, peak memory grew by {measured.grown_mb:.0f} MB", ""]
    lines += [f"{count:6d}  {outcome}" for outcome, count in counts.most_common()]
    lines += ["", f"the {SLOWEST} slowest refusals", "      ms  admit ms   bytes  reason, file"]
    lines += [
        f"{row.total_ms:8.2f}  {row.admit_ms:8.3f} {row.picture_bytes:7d}  "
        f"{row.outcome} ({row.stage}), {row.file}"
        for row in measured.refused()[:SLOWEST]
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.evaluation.bench.admission", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of files, good and bad")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    files = sorted(file for file in options.folder.iterdir() if file.is_file())
    measured = measure_refusals(files, PictureLimitsConfig())
    print(json.dumps(asdict(measured)) if options.json else text(measured))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
