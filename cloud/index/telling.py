"""Tells a gateway what a person made of its alarm.

SHELL. On the camera's `verdict` topic, signed as verdicts are, so that a gateway believes it as it
believes those. A false mark makes the gateway remember what it raised the alarm about. Called by
the console when an alarm is closed.
"""

from __future__ import annotations

from cloud.index.summary import AlarmSummary
from contract.cloudevent import CONTENT_TYPE, frame_operator_outcome
from contract.operator_action import OperatorAction
from contract.operator_outcome import OperatorOutcome
from contract.signature import Signer
from contract.topics import Topics
from service.events import Event, log
from service.link import Link
from service.outcomes import PublishOutcome

PATIENCE_S = 5.0


class OutcomeTeller:
    """Over a connection that may publish on `verdict` topics."""

    def __init__(self, link: Link, root: str, signer: Signer | None) -> None:
        self._link, self._root, self._signer = link, root, signer

    def tell(self, alarm: AlarmSummary, action: OperatorAction) -> PublishOutcome | None:
        """What became of the message; None for an action that is no outcome. A gateway that is
        away does not hear it: tell it again."""
        if action.outcome is None:
            return None
        said = OperatorOutcome(
            report_id=alarm.report_id,
            gateway=alarm.gateway,
            camera=alarm.camera,
            outcome=action.outcome,
            said_at=action.at,
        )
        topics = Topics(gateway=alarm.gateway, root=self._root)
        pending = self._link.publish(
            topics.of_camera(alarm.camera, "verdict"),
            frame_operator_outcome(said, self._signer),
            content_type=CONTENT_TYPE,
        )
        outcome = pending.wait(PATIENCE_S)
        log(
            Event.OUTCOME_TOLD,
            camera=alarm.camera,
            report_id=alarm.report_id,
            outcome=action.outcome,
            result=type(outcome).__name__,
        )
        return outcome
