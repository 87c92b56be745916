"""From what the rules found to a case: the suspicion, and the frames that show it.

PURE, though a view of the scene is kept in the camera's state. Called by `judging`.
"""

from __future__ import annotations

from datetime import timedelta

from contract.ids import GatewayId, report_id
from edge.config.schema import Config
from edge.decide.threat import Finding
from edge.film import CameraState
from edge.records import Case, Frame, Suspicion, Take


def case_of(
    state: CameraState,
    takes: tuple[Take, ...],
    finding: Finding,
    frame: Frame,
    config: Config,
    epoch: int,
    late: timedelta | None = None,
) -> Case:
    """The case of what was found in `frame`; `takes` show it, best first.

    `late`: by how much a frame was judged alone; such a one is a view of its own.
    """
    evidence, gateway = config.deliver.evidence, GatewayId(config.gateway.id)
    best, now = takes[0], frame.received_mono_s
    return Case(
        suspicion=_suspicion(finding, gateway, frame, epoch, late or timedelta(0)),
        best=best.shot,
        best_box=best.box,
        others=takes[1:],
        view=state.whole_view(best.shot, now, evidence) if late is None else None,
        followed=late is None,
        context=state.context(best.shot, evidence),
    )


def _suspicion(
    finding: Finding, gateway: GatewayId, frame: Frame, epoch: int, late: timedelta
) -> Suspicion:
    return Suspicion(
        report_id=report_id(gateway, frame.camera, epoch, finding.track, finding.sequence),
        camera=frame.camera,
        track=finding.track,
        rule=finding.rule.id,
        label=finding.label,
        score=finding.score,
        top_score=finding.top_score,
        median_score=finding.median_score,
        severity=finding.severity,
        box=finding.box,
        zones=finding.zones,
        age_s=finding.age_s,
        displacement=finding.travelled,
        stationary=finding.stationary,
        reasons=finding.reasons,
        raised_at=frame.received_at + late,
    )
