"""What the full model saw, for tests: views of a frame and of close-ups, and what follows."""

from __future__ import annotations

from cloud.confirm.decision import Stamp, confirm
from cloud.confirm.matching import EvidenceView, PictureDetections
from cloud.confirm.policy import Policy
from contract.report import RelativeBox
from contract.verdict import Verdict
from tests.unit.cloud.reports import NOON, PixelBox, a_report, saw

POLICY = Policy()
STAMP = Stamp(model_sha256="a" * 64, decided_at=NOON)
SUSPECTED: RelativeBox = (0.4, 0.4, 0.6, 0.8)
THERE: PixelBox = (40, 40, 60, 80)

Sight = tuple[str, float, PixelBox]


def frame(*found: Sight) -> EvidenceView:
    seen = PictureDetections(detections=saw(*found), width=100, height=100)
    return EvidenceView(seen=seen, moment=NOON, close=False, place=SUSPECTED)


def decided(
    best: EvidenceView,
    close: EvidenceView | None = None,
    label: str = "person",
    policy: Policy = POLICY,
) -> Verdict:
    second = (close,) if close else ()
    return confirm(a_report(label=label, box=SUSPECTED), (best,), second, policy, STAMP)
