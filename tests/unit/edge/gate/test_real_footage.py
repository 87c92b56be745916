"""Footage of real cameras before the gate: what sways there keeps nobody looking at nothing."""

import os
from pathlib import Path

import pytest

from edge.config.schema import GateConfig, PictureLimitsConfig
from edge.gate.motion import WIDTH_PX, GateState, detect_motion
from edge.intake.admission import picture_limits
from edge.records import Motion
from imaging.admission import Rejected, inspect
from imaging.decode import decode_grey
from tools.evaluation.evaluate.corpus import LabelledSequence, read_corpus

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))


def watched(corpus: str, name: str) -> tuple[list[Motion], list[bool]]:
    """What the gate saw of a sequence's frames, and in which of them nothing is."""
    if not (DATA / corpus / "manifest.json").is_file():
        pytest.skip(f"STILLWATCH_DATA names no folder with {corpus}/")
    footage = read_corpus(DATA / corpus)
    (sequence,) = (one for one in footage.sequences if one.id == name)
    seen, state = [], GateState()
    for number, (_, picture) in enumerate(footage.frames_of(sequence)):
        header = inspect(picture, picture_limits(PictureLimitsConfig()))
        assert not isinstance(header, Rejected)
        grey = decode_grey(picture, header, WIDTH_PX)
        assert not isinstance(grey, Rejected)
        size, now = (header.width, header.height), number / sequence.rate
        state, motion = detect_motion(state, grey, size, now, GateConfig(), followed=False)
        seen.append(motion)
    return seen, empty(sequence)


def empty(sequence: LabelledSequence) -> list[bool]:
    return [all(v is False for v in frame.labels().values()) for frame in sequence.frames]


def test_a_camera_that_sways_over_a_bare_yard_hardly_passes_while_nothing_is_there() -> None:
    seen, nothing = watched("field", "overhead_cars")
    idle = [motion.moved for motion, still in zip(seen, nothing, strict=True) if still]
    busy = [motion.moved for motion, still in zip(seen, nothing, strict=True) if not still]
    assert sum(idle) <= 0.2 * len(idle)
    assert sum(busy) >= 0.9 * len(busy)
