"""`python -m tools.build.schemas [--check]`: JSON Schemas of every message, in docs/schemas.

Generated from the models of `contract`, for whoever writes the other end in another language.
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from contract.evidence_request import EvidenceRequest
from contract.missed_threat import MissedThreat
from contract.operator_action import OperatorAction
from contract.operator_outcome import OperatorOutcome
from contract.report import ThreatReport
from contract.trust import Root
from contract.update import ConfigOrder, ModelOrder
from contract.update_state import UpdateState
from contract.verdict import Verdict
from contract.watch import WatchEntry
from service.documents import ROOT, update

FOLDER = ROOT / "docs/schemas"
MODELS: dict[str, type[BaseModel]] = {
    "threat-report-v1": ThreatReport,
    "verdict-v1": Verdict,
    "evidence-request-v1": EvidenceRequest,
    "root-v1": Root,
    "config-order-v1": ConfigOrder,
    "model-order-v1": ModelOrder,
    "update-state-v1": UpdateState,
    "watch-entry-v1": WatchEntry,
    "operator-action-v1": OperatorAction,
    "operator-outcome-v1": OperatorOutcome,
    "missed-threat-v1": MissedThreat,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON Schema of a message's `data` as it is written to disk."""
    return json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"


def documents() -> dict[Path, str]:
    """What ought to stand in the files, by path."""
    return {FOLDER / f"{name}.schema.json": schema_text(model) for name, model in MODELS.items()}


if __name__ == "__main__":
    sys.exit(update(documents(), sys.argv[1:]))
