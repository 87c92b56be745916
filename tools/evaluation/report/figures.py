"""`report.json`: the figures for machines.

PURE. The keys at the top level that others read are `events`, `false_alarms`,
`motion_false_alarms`, `reduction`, `bytes_in`, `bytes_out`, `sequences`; the rest is detail.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from statistics import median

from tools.evaluation.evaluate.breakdown import (
    STILL_CLASSES,
    HeightBand,
    NuisanceCount,
    StillsRecall,
    by_height,
    by_nuisance,
    by_walk,
    score_stills,
    stills_by_height,
    stills_traffic,
)
from tools.evaluation.evaluate.events import CLASSES, AlarmKind, ObjectClass
from tools.evaluation.evaluate.intervals import Proportion
from tools.evaluation.evaluate.observed import DecidedSuspicion
from tools.evaluation.evaluate.score import AlarmScore, EventScore, SequenceScore, Traffic
from tools.evaluation.evaluate.totals import (
    Evaluation,
    EventRecall,
    FalseAlarms,
    Totals,
    traffic_interval,
)
from tools.evaluation.report import rejected
from tools.evaluation.report.comparisons import (
    comparison_as_json,
    comparisons_as_json,
    static_as_json,
)
from tools.evaluation.report.rejected import Json
from tools.evaluation.report.tables import DEFINITIONS, pair, rounded


def report(evaluation: Evaluation) -> Json:
    """The whole report, ready for `json.dumps`."""
    totals = evaluation.totals
    return {
        "headline": _headline(totals),
        "events": {cls: _recall(totals.recall[cls]) for cls in ALARM_CLASSES},
        "bicycle_events": _recall(totals.recall["bicycle"]),
        "false_alarms": totals.confirmed_false(),
        "motion_false_alarms": totals.motion_false(),
        "reduction": rounded(totals.nothing.reduction().value()),
        "reduction_interval": pair(totals.nothing.reduction().interval()),
        "against_motion": comparisons_as_json(totals),
        "bytes_in": totals.traffic.bytes_in,
        "bytes_out": totals.traffic.bytes_out,
        "bytes_share": rounded(totals.traffic.share()),
        "bytes_share_interval": pair(traffic_interval(totals.traffic)),
        "empty_stretches": _traffic(totals.empty),
        "not_reported": rejected.as_json(evaluation.scores),
        "wrong_class": sum(counts.wrong_class for counts in totals.false_alarms.values()),
        "edge_false_alarms": totals.edge_false(),
        "alarms": totals.alarms,
        "motion_alarms": totals.motion_alarms,
        "camera_hours": round(totals.hours, 5),
        "classes": {cls: _false_alarms(totals.false_alarms[cls]) for cls in CLASSES},
        "frames": evaluation.frames(),
        "analysed": evaluation.analysed(),
        "inferences_per_analysed_frame": rounded(evaluation.inferences_per_analysed()),
        "nuisances": [_nuisance(count) for count in by_nuisance(evaluation.scores)],
        "people_by_height": [_band(band) for band in by_height(evaluation.scores)],
        "people_by_walk": {
            walk: [_band(band) for band in bands]
            for walk, bands in by_walk(evaluation.scores).items()
        },
        "still_people_by_height": [_band(band) for band in stills_by_height(evaluation.stills)],
        "confirmation": _confirmation(evaluation.suspicions()),
        "sequences": [_sequence(score) for score in evaluation.scores],
        "stills": _stills(evaluation),
        "subject": asdict(evaluation.subject),
        "definitions": list(DEFINITIONS),
    }


ALARM_CLASSES: tuple[ObjectClass, ...] = ("person", "vehicle")
"""What the default rules alarm about. A cyclist is a person; bicycles are counted beside them."""


def scored_classes(totals: Totals) -> tuple[ObjectClass, ...]:
    """Persons and vehicles always, bicycles where any are labelled."""
    return tuple(cls for cls in CLASSES if cls != "bicycle" or totals.recall[cls].total)


def _headline(totals: Totals) -> Json:
    headline = totals.headline
    return {
        "events": headline.events,
        "found": headline.found,
        "found_interval": pair(headline.share().interval()),
        "found_by_edge": headline.edge_found,
        "false_alarms": headline.false,
        "false_by_kind": _kinds(headline.by_kind),
        "false_per_camera_hour": rounded(headline.rate().per_hour()),
        "false_per_camera_hour_interval": pair(headline.rate().interval()),
        "edge_false_alarms": headline.edge_false,
        "edge_false_by_kind": _kinds(headline.edge_by_kind),
        "bytes_share": rounded(totals.traffic.share()),
        "excused": {
            "place_not_labelled": headline.unchecked,
            "by_frames_not_scored": headline.by_null,
            "of_classes_not_scored": headline.unscored,
        },
    }


def _kinds(counts: Counter[AlarmKind]) -> Json:
    return {kind.value: counts[kind] for kind in AlarmKind if kind is not AlarmKind.RIGHT}


def _recall(recall: EventRecall) -> Json:
    return {
        "total": recall.total,
        "found": recall.found,
        "interval": pair(recall.share().interval()),
        "found_by_edge": recall.edge_found,
        "found_by_motion": recall.motion_found,
        "found_as_person": recall.as_rider,
        "median_delay_s": rounded(recall.median_delay_s()),
        "delays_s": [round(delay, 3) for delay in recall.delays_s],
    }


def _false_alarms(counts: FalseAlarms) -> Json:
    return {
        "false_alarms": counts.confirmed,
        "false_alarms_per_camera_hour": rounded(counts.rate().per_hour()),
        "false_alarms_per_camera_hour_interval": pair(counts.rate().interval()),
        "edge_false_alarms": counts.edge,
        "wrong_class": counts.wrong_class,
    }


def _nuisance(count: NuisanceCount) -> Json:
    return {
        "nuisance": count.name,
        "frames": count.frames,
        "analysed": count.analysed,
        **comparison_as_json(count.false),
    }


def _band(band: HeightBand) -> Json:
    return {
        "from_px": band.low_px,
        "below_px": band.high_px,
        "events": _found(band.confirmed),
        "edge_events": _found(band.edge),
        "boxes": _found(band.boxes),
        "boxes_analysed": _found(band.analysed_boxes),
    }


def _found(found: Proportion) -> Json:
    return {"total": found.whole, "found": found.part, "interval": pair(found.interval())}


def _traffic(traffic: Traffic) -> Json:
    return {
        **asdict(traffic),
        "bytes_share": rounded(traffic.share()),
        "bytes_share_interval": pair(traffic_interval(traffic)),
    }


def _confirmation(suspicions: tuple[DecidedSuspicion, ...]) -> Json:
    times = [decided.confirm_s for decided in suspicions]
    return {
        "asked": len(suspicions),
        "decisions": dict(sorted(Counter(decided.decision for decided in suspicions).items())),
        "median_s": rounded(median(times)) if times else None,
        "longest_s": rounded(max(times)) if times else None,
    }


def _sequence(score: SequenceScore) -> Json:
    run = score.run
    return {
        "id": run.id,
        "scene": run.scene,
        "synthetic": run.synthetic,
        "frames": len(run.seen),
        "fps": run.fps,
        "fps_known": run.fps_known,
        "duration_s": round(run.duration_s(), 3),
        "outcomes": {word: score.outcomes[word] for word in ("rejected", "quiet", "analysed")},
        "gate": dict(sorted(Counter(frame.reason for frame in run.seen).items())),
        "events": _sequence_events(score),
        "false_alarms": sum(score.false_alarms().values()),
        "edge_false_alarms": sum(score.edge_false_alarms().values()),
        "wrong_class": sum(score.wrong_class().values()),
        "motion_alarms": len(score.motion),
        "motion_false_alarms": score.motion_on_nothing(),
        "suspicions": len(run.suspicions),
        "decisions": dict(sorted(score.decisions.items())),
        "bytes_in": score.traffic.bytes_in,
        "bytes_out": score.traffic.bytes_out,
        "bytes_share": rounded(score.traffic.share()),
        "empty_stretches": _traffic(score.empty),
        "event_list": [_event(event) for event in score.events],
        "alarm_list": [_alarm(alarm) for alarm in score.alarms],
        "motion_alarm_list": [[round(m.raised_s, 3), round(m.until_s, 3)] for m in score.motion],
        "suspicion_list": [_decided_suspicion(decided) for decided in run.suspicions],
        "static_objects": static_as_json(run),
    }


def _sequence_events(score: SequenceScore) -> Json:
    of_class = {cls: [e for e in score.events if e.event.cls == cls] for cls in CLASSES}
    return {
        cls: {"total": len(events), "found": sum(e.delay_s is not None for e in events)}
        for cls, events in of_class.items()
        if events
    }


def _event(scored: EventScore) -> Json:
    event = scored.event
    return {
        "class": event.cls,
        "start_s": round(event.start_s, 3),
        "end_s": round(event.end_s, 3),
        "found": scored.delay_s is not None,
        "delay_s": rounded(scored.delay_s),
        "edge_delay_s": rounded(scored.edge_delay_s),
    }


def _alarm(scored: AlarmScore) -> Json:
    return {
        "class": scored.alarm.cls,
        "raised_s": round(scored.alarm.raised_s, 3),
        "until_s": round(scored.alarm.until_s, 3),
        "kind": scored.kind.value,
        "kind_by_view": scored.by_view.value,
        "place": scored.alarm.place.value,
        "parked_vehicle_in_view": scored.parked,
    }


def _decided_suspicion(decided: DecidedSuspicion) -> Json:
    facts = asdict(decided) | {"about": decided.about.name, "place": decided.verdict_about.place}
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in facts.items()
        if key not in {"sheet", "sent", "verdict_about"}
    }


def _stills(evaluation: Evaluation) -> Json:
    stills = evaluation.stills
    if not stills:
        return {}
    return {
        **{cls: _still_class(score_stills(stills, cls)) for cls in STILL_CLASSES},
        "traffic": _traffic(stills_traffic(stills)),
        "rejected": [still.file for still in stills if still.seen.outcome == "rejected"],
        "suspicion_list": [
            _decided_suspicion(decided) for still in stills for decided in still.suspicions
        ],
    }


def _still_class(recall: StillsRecall) -> Json:
    return {
        **asdict(recall),
        "recall_interval": pair(recall.recall().interval()),
        "false_interval": pair(recall.false_share().interval()),
    }
