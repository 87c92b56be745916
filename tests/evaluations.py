"""What an evaluation saw, made up: a sequence of 40 s and stills, with suspicions to choose."""

from __future__ import annotations

from contract.verdict import Decision
from tools.evaluation.evaluate.events import Label, Timeline
from tools.evaluation.evaluate.observed import (
    DecidedSuspicion,
    FrameOutcome,
    FrameSeen,
    SequenceRun,
    StillRun,
)

_LABELS: dict[str, Label] = {"T": True, ".": False, "n": None}
PERSON = "....TTTTTn" + "." * 20 + "TTTTT....."
VEHICLE = "." * 40


def decided(
    raised_s: float,
    label: str = "person",
    decision: Decision = "confirmed",
    until_s: float | None = None,
    verdict_label: str | None = None,
) -> DecidedSuspicion:
    return DecidedSuspicion(
        report_id=f"gw.cam.0.{int(raised_s)}.0",
        frame=f"{int(raised_s):05d}.jpg",
        raised_s=raised_s,
        until_s=raised_s if until_s is None else until_s,
        label=label,
        score=0.5,
        decision=decision,
        verdict_label=verdict_label or label,
        verdict_score=0.5,
        reasons=(),
        bytes_out=300,
        confirm_s=0.1,
    )


def seen(t: int, outcome: FrameOutcome, reason: str, moved: bool = False) -> FrameSeen:
    return FrameSeen(t=float(t), frame_bytes=1000, outcome=outcome, reason=reason, moved=moved)


def one_frame_a_second(*suspicions: DecidedSuspicion, moving: str = "." * 40) -> SequenceRun:
    """40 s at 1 frame/s: persons from 4 to 8 s and from 30 to 34 s; `M` where there is motion, for
    the gate and for plain motion detection."""
    rows = {"person": PERSON, "vehicle": VEHICLE, "bicycle": VEHICLE}
    return SequenceRun(
        id="made_up",
        fps=1.0,
        synthetic=True,
        scene="made up",
        timeline=Timeline(
            times=tuple(float(t) for t in range(40)),
            labels={
                "person": tuple(_LABELS[letter] for letter in rows["person"]),
                "vehicle": tuple(_LABELS[letter] for letter in rows["vehicle"]),
                "bicycle": tuple(_LABELS[letter] for letter in rows["bicycle"]),
            },
            parked=(False,) * 40,
        ),
        seen=tuple(
            seen(t, "analysed", "motion", moved=True)
            if letter == "M"
            else seen(t, "quiet", "still")
            for t, letter in enumerate(moving)
        ),
        suspicions=suspicions,
    )


def still(file: str, person: Label, *suspicions: DecidedSuspicion) -> StillRun:
    return StillRun(
        file=file,
        labels={"person": person, "vehicle": False, "bicycle": False},
        seen=seen(0, "analysed", "snapshot"),
        suspicions=suspicions,
    )


PICTURES = (
    still("seen.jpg", True, decided(0.0)),
    still("missed.jpg", True),
    still("refuted.jpg", True, decided(0.0, decision="refuted")),
    still("empty.jpg", False),
    still("phantom.jpg", False, decided(0.0)),
    still("unclear.jpg", None, decided(0.0)),
)
