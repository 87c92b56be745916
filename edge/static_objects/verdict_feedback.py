"""What the cloud is asked about an object that stands there, and what its answer changes.

PURE. A rule that reported an object is kept with the object; what the cloud refutes is remembered
at once by its box and appearance, and forgotten when a person calls it real. What it was asked
about stays known for a while, for a person may call false what the cloud confirmed. Called by
`matching` when a suspicion is raised, and by the store of static objects when a verdict or a
person's word is in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from contract.ids import ReportId
from edge.static_objects.appearance import FrameContext
from edge.static_objects.memory import TIGHT_OVERLAP, forget, overlapping
from edge.static_objects.records import Memory, ObservedObject, PendingQuery, StaticObject
from imaging.boxes import iou

_SAME_PLACE = 0.5
"""Overlap (IoU) with what a person calls real, under that by which objects are recognised: what
looks otherwise there is rather raised once more than what is real kept back."""

_MOST_REPORTS = 8
"""Of one object: those about which somebody may still change his mind."""

_MOST_QUERIES = 32
"""Of one camera, each with an appearance, the newest: they wait for verdicts in an outage, and
afterwards for a person who may call them false."""


def add_query(
    memory: Memory, report_id: ReportId, rule: str, observed: ObservedObject, frame: FrameContext
) -> Memory:
    """Remember that the rule reported an object, and what the cloud is being asked about."""
    appearance = frame.appearance_at(observed.box)
    if appearance is None:
        return memory
    query = PendingQuery(
        report_id=report_id,
        group=observed.group,
        label=observed.label,
        box=observed.box,
        appearance=appearance,
        at=frame.at,
    )
    objects = _mark_reported(memory.objects, observed, rule)
    return replace(memory, objects=objects, queries=(*memory.queries, query)[-_MOST_QUERIES:])


def _mark_reported(
    objects: tuple[StaticObject, ...], observed: ObservedObject, rule: str
) -> tuple[StaticObject, ...]:
    """With the object that was just reported so marked."""
    overlap, best = next(iter(overlapping(objects, [observed])[0]), (0.0, None))
    if best is None or overlap < TIGHT_OVERLAP:
        return objects
    reported_by = replace(best, reported_by=tuple(dict.fromkeys((*best.reported_by, rule))))
    return tuple(reported_by if obj is best else obj for obj in objects)


def refute(memory: Memory, report_id: ReportId) -> Memory:
    """The cloud calls it no threat: what stands at that box with that appearance is remembered."""
    query = next((one for one in memory.queries if one.report_id == report_id), None)
    if query is None:
        return memory
    rest = tuple(one for one in memory.queries if one is not query)
    same = next((obj for obj in memory.objects if _is_queried(obj, query)), None)
    if same is not None:
        refuted = _once_more(same, report_id)
        objects = tuple(refuted if obj is same else obj for obj in memory.objects)
        return replace(memory, objects=objects, queries=rest)
    obj = StaticObject(
        id=str(memory.next_number),
        group=query.group,
        label=query.label,
        box=query.box,
        appearances=(query.appearance,),
        first_seen_at=query.at,
        last_seen_at=query.at,
        refuted=1,
        refuted_reports=(report_id,),
    )
    return replace(
        memory, objects=(*memory.objects, obj), queries=rest, next_number=memory.next_number + 1
    )


def _once_more(obj: StaticObject, report_id: ReportId) -> StaticObject:
    reports = (*obj.refuted_reports, report_id)[-_MOST_REPORTS:]
    return replace(obj, refuted=obj.refuted + 1, refuted_reports=reports)


def restore(memory: Memory, report_id: ReportId) -> Memory:
    """A person calls it real: what was refuted for this report, or where this report's object
    stood, is forgotten, and so is news again. Somebody may yet call the report false once more."""
    query = next((one for one in memory.queries if one.report_id == report_id), None)
    gone = [
        obj
        for obj in memory.objects
        if obj.refuted
        and (report_id in obj.refuted_reports or (query is not None and _stood_at(obj, query)))
    ]
    if not gone:
        return memory
    asked = [] if query is not None else [_query_of(gone[0], report_id)]
    queries = (*memory.queries, *asked)[-_MOST_QUERIES:]
    return replace(forget(memory, frozenset(obj.id for obj in gone)), queries=queries)


def _query_of(obj: StaticObject, report_id: ReportId) -> PendingQuery:
    """As it was asked about, for a report by which it was refuted."""
    return PendingQuery(
        report_id=report_id,
        group=obj.group,
        label=obj.label,
        box=obj.box,
        appearance=obj.appearances[0],
        at=obj.first_seen_at,
    )


def _stood_at(obj: StaticObject, query: PendingQuery) -> bool:
    boxes = np.array([obj.box], np.float32), np.array([query.box], np.float32)
    return obj.group == query.group and float(iou(*boxes)[0, 0]) >= _SAME_PLACE


def _is_queried(obj: StaticObject, query: PendingQuery) -> bool:
    return obj.group == query.group and obj.box == query.box
