"""An alarm as figures count it.

PURE. Called by `figures` and `proposals`; `cloud.index` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloud.index.summary import AlarmState
from contract.ids import CameraId, GatewayId
from contract.operator_action import OutcomeCode

ALERTING: frozenset[AlarmState] = frozenset({"confirmed", "inconclusive", "unconfirmed"})
"""States of which a person is notified, unless the site has switched off `alert_unconfirmed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCase:
    """`edge_score` is the highest that the edge's model gave; `audit`: a sample of what was
    rejected, so what is confirmed of it was missed."""

    gateway: GatewayId
    camera: CameraId
    label: str
    raised_at: datetime
    state: AlarmState
    outcome: OutcomeCode | None
    edge_score: float
    audit: bool = False

    @property
    def alerted(self) -> bool:
        """Whether somebody was notified."""
        return not self.audit and self.state in ALERTING

    @property
    def real(self) -> bool | None:
        """Whether something was there, by the operator; None: nobody said so."""
        match self.outcome:
            case "real" | "expected":
                return True
            case "false":
                return False
            case _:
                return None
