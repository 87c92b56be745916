"""What the cloud is asked about a thing that stands there, and what its answer changes.

PURE. A rule that told of a thing is kept with the thing; what the cloud refutes is remembered at
once by its box and look, anything else it says leaves nothing behind. Called by `matching` when a
suspicion is raised, and by the store of static things when a verdict is in.
"""

from __future__ import annotations

from dataclasses import replace

from contract.ids import ReportId
from edge.static_objects.appearance import Moment
from edge.static_objects.memory import TIGHT_OVERLAP, overlapping
from edge.static_objects.records import Asked, Memory, Sighting, Thing

_MOST_ASKED = 32


def ask(
    memory: Memory, report_id: ReportId, rule: str, sighting: Sighting, moment: Moment
) -> Memory:
    """Remember that the rule told of a thing, and what the cloud is being asked about."""
    look = moment.look(sighting.box)
    if look is None:
        return memory
    asked = Asked(
        report_id=report_id,
        group=sighting.group,
        label=sighting.label,
        box=sighting.box,
        look=look,
        at=moment.at,
    )
    things = _told(memory.things, sighting, rule)
    return replace(memory, things=things, asked=(*memory.asked, asked)[-_MOST_ASKED:])


def _told(things: tuple[Thing, ...], sighting: Sighting, rule: str) -> tuple[Thing, ...]:
    """With the thing that was just told of so marked."""
    overlap, best = next(iter(overlapping(things, [sighting])[0]), (0.0, None))
    if best is None or overlap < TIGHT_OVERLAP:
        return things
    told = replace(best, told=tuple(dict.fromkeys((*best.told, rule))))
    return tuple(told if thing is best else thing for thing in things)


def refute(memory: Memory, report_id: ReportId) -> Memory:
    """The cloud calls it no threat: what stands at that box with that look is remembered."""
    asked = next((one for one in memory.asked if one.report_id == report_id), None)
    if asked is None:
        return memory
    rest = tuple(one for one in memory.asked if one is not asked)
    same = next((thing for thing in memory.things if _is_asked(thing, asked)), None)
    if same is not None:
        refuted = replace(same, refuted=same.refuted + 1)
        things = tuple(refuted if thing is same else thing for thing in memory.things)
        return replace(memory, things=things, asked=rest)
    thing = Thing(
        id=str(memory.next_number),
        group=asked.group,
        label=asked.label,
        box=asked.box,
        looks=(asked.look,),
        first_seen_at=asked.at,
        last_seen_at=asked.at,
        refuted=1,
    )
    return replace(
        memory, things=(*memory.things, thing), asked=rest, next_number=memory.next_number + 1
    )


def settle(memory: Memory, report_id: ReportId) -> Memory:
    """The cloud answered otherwise: nothing is to be remembered."""
    return replace(memory, asked=tuple(one for one in memory.asked if one.report_id != report_id))


def _is_asked(thing: Thing, asked: Asked) -> bool:
    return thing.group == asked.group and thing.box == asked.box
