"""Archives and records for the tests of the batch path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cloud.stages.detections import CloseUp, DetectionRow, ModelName, PictureProblem, PictureRecord
from tests.unit.imaging.pictures import encoded, scene

PICTURE = encoded(scene(96, 64))
OTHER = encoded(scene(128, 64))
TORN = PICTURE[: len(PICTURE) // 2]
NOON = 1714564800
"""2024-05-01 12:00:00 UTC."""
MODEL = ModelName(name="full", sha256="a" * 64)


def write(root: Path, files: Mapping[str, bytes]) -> Path:
    """The folder `root` with those files."""
    root.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    return root


def contents(root: Path) -> dict[str, bytes]:
    """Every file below `root` with its bytes, links followed, but for the hidden ones."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def row(label: str, score: float, x0: float = 10, side: float = 20) -> DetectionRow:
    return DetectionRow(label=label, score=score, box=(x0, 10, x0 + side, 10 + side))


def a_sight(
    *rows: DetectionRow,
    device: str = "gate",
    unix_s: int = NOON,
    close_ups: tuple[CloseUp, ...] = (),
    problem: PictureProblem | None = None,
) -> PictureRecord:
    """What the model saw in a picture of 100 x 100 pixels."""
    return PictureRecord(
        picture=f"{device}_{unix_s}.jpg",
        sha256="b" * 64,
        bytes=5000,
        width=100,
        height=100,
        model=MODEL,
        detections=rows,
        close_ups=close_ups,
        problem=problem,
    )


def close_up(of: int, *rows: DetectionRow) -> CloseUp:
    """A crop of 40 x 40 pixels."""
    return CloseUp(of=of, width=40, height=40, detections=rows)
