"""What a step of a replay shows, as marks: objects with boxes, colours and words.

PURE. A track's colour says what became of it; the words under its name are the check that holds it
back, its value and limit, from the rule result itself. Called by `overlay` and by the filmstrips.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edge.records import Analysed, Quiet, RuleResult, TrackId
from edge.replay.drawing import Colour, DrawnBox
from edge.replay.player import ReplayStep
from edge.replay.text_report import was_reported
from edge.rules import checks
from edge.static_objects import matching
from edge.track.track import Track
from imaging.polygons import Box, Point

RED: Colour = (40, 40, 230)
AMBER: Colour = (0, 170, 255)
BLUE: Colour = (230, 140, 40)
GREY: Colour = (150, 150, 150)
PALE: Colour = (235, 235, 235)
CYAN: Colour = (220, 220, 0)
GREEN: Colour = (90, 200, 60)
MAGENTA: Colour = (220, 60, 220)

LEGEND: tuple[tuple[str, Colour], ...] = (
    ("alarmed", RED),
    ("held back", AMBER),
    ("static", BLUE),
    ("not seen", GREY),
    ("no track", PALE),
    ("motion", CYAN),
    ("zone, line", GREEN),
    ("mask", MAGENTA),
)
"""What the colours mean."""

Trails = Mapping[TrackId, Sequence[Point]]


def marks(step: ReplayStep, trails: Trails, size: tuple[int, int]) -> Iterator[DrawnBox]:
    """All that is known of the frame, which is of that width and height upright: what matters most
    comes last, so that it lies on top."""
    if isinstance(step.outcome, Analysed | Quiet):
        yield from (DrawnBox(box, CYAN, (), "thin") for box in step.outcome.motion.regions)
    width, height = size
    for static_object in step.static_objects:
        if static_object.known:
            x0, y0, x1, y1 = static_object.box
            box = (x0 * width, y0 * height, x1 * width, y1 * height)
            kind = "refuted" if static_object.refuted else "static"
            yield DrawnBox(box, BLUE, (f"{kind} {static_object.label}",), "corners")
    yield from _only_detected(step)
    best = {
        id_: rule_result for id_, rule_result in nearest_to_firing(step.rule_results).items() if id_
    }
    for track in sorted(step.tracks, key=lambda one: bool(one.raised)):
        yield of_track(track, step, best.get(track.id), trails)
    yield from (_lone(one, step) for one in _lone_fired(step))


def nearest_to_firing(rule_results: Sequence[RuleResult]) -> dict[TrackId | None, RuleResult]:
    """Of each track what the rule said that came nearest to firing."""
    best: dict[TrackId | None, RuleResult] = {}
    for one in rule_results:
        known = best.get(one.track)
        if known is None or _distance(one) < _distance(known):
            best[one.track] = one
    return best


def _distance(rule_result: RuleResult) -> tuple[bool, int]:
    """A rule that is not about the object at all is the farthest."""
    failed = sum(not check.passed for check in rule_result.checks)
    return not rule_result.checks[0].passed and rule_result.checks[0].name == "labels", failed


def of_track(
    track: Track, step: ReplayStep, rule_result: RuleResult | None, trails: Trails
) -> DrawnBox:
    """The track with its number, and what `rule_result`, the nearest to firing, says of it."""
    seen = track.seen_at_s == step.t
    colour, why = _state(track, step, rule_result) if seen else (GREY, ())
    name = f"#{track.id} {track.label} {track.votes[-1].score:.2f}"
    trail = tuple(trails.get(track.id, ()))
    return DrawnBox(track.box, colour, (name, *why), "full" if seen else "thin", trail)


def _state(
    track: Track, step: ReplayStep, rule_result: RuleResult | None
) -> tuple[Colour, tuple[str, ...]]:
    if rule_result is None:
        return AMBER, ()
    if rule_result.fired:
        if was_reported(rule_result, step):
            return RED, (f"{rule_result.rule} ALARM",)
        return AMBER, (f"{rule_result.rule} duplicate",)
    failed = [check for check in rule_result.checks if not check.passed]
    if any(check.name == matching.CHECK for check in failed):
        return BLUE, ("known static",)
    more = f" +{len(failed) - 1}" if len(failed) > 1 else ""
    return RED if track.raised else AMBER, (checks.brief(failed[0]) + more,)


def _lone(rule_result: RuleResult, step: ReplayStep) -> DrawnBox:
    colour = RED if was_reported(rule_result, step) else AMBER
    return DrawnBox(rule_result.box, colour, (f"{rule_result.label} {rule_result.rule}",))


def _lone_fired(step: ReplayStep) -> list[RuleResult]:
    """What fired in this frame by itself; what a burst's earlier frame showed is evaluated with its
    last one."""
    if not isinstance(step.outcome, Analysed):
        return []
    here = {tuple(box) for box in step.outcome.detections.boxes.tolist()}
    return [one for one in step.rule_results if one.track is None and one.fired and one.box in here]


def _only_detected(step: ReplayStep) -> Iterator[DrawnBox]:
    """Detections that no track took, and those that a mask took out."""
    if not isinstance(step.outcome, Analysed):
        return
    taken = {track.box for track in step.tracks}
    taken |= {one.box for one in _lone_fired(step)}
    found = step.outcome.detections
    for row, (x0, y0, x1, y1) in enumerate(found.boxes.tolist()):
        box: Box = (x0, y0, x1, y1)
        if box not in taken:
            words = f"{found.labels[row]} {float(found.scores[row]):.2f}"
            yield DrawnBox(box, PALE, (words,), "thin")
    for one in step.outcome.ignored:
        yield DrawnBox(one.box, MAGENTA, (f"{one.label}: mask {one.mask}",), "thin")
