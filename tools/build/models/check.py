"""Holds models against the committed reference, and against the manifest beside them.

A model agrees if the average precision of its boxes, with the reference's for the truth, reaches
the figure of its row in `shipped`. Rounding differs between processors, so rebuilds on another
machine need not be equal byte by byte; this says whether they are equal in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud.model.full_model import open_model
from contract.labels import VEHICLES
from edge.detect.detector import open_detector
from edge.detect.runner import importable
from imaging.detections import Detections
from imaging.manifest import MANIFEST_FILE, read_manifest, verify
from tools.build.models.accuracy import Precision, average_precision
from tools.build.models.floats import DetectObjects
from tools.build.models.pictures import read_picture
from tools.build.models.reference import PICTURES, read_reference
from tools.build.models.shipped import SHIPPED, Shipped

GROUPS: Mapping[str, frozenset[str]] = {"person": frozenset({"person"}), "vehicle": VEHICLES}
LEAST_SCORE = 0.1
"""Boxes from here on are compared; an average precision needs the faint ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well a model on a runtime repeats the reference, and whether that is enough."""

    model: Shipped
    runtime: str
    groups: Mapping[str, Precision]

    @property
    def fault(self) -> str:
        """Why it is not enough; empty if it is."""
        least = self.model.least_agreement
        low = [
            f"{name} {got.average:.3f}" for name, got in self.groups.items() if got.average < least
        ]
        if not low:
            return ""
        return (
            f"{self.model.name} on {self.runtime} agrees too little with the float network: "
            f"{', '.join(low)}, at least {least} is needed"
        )


def check_models(models: Path) -> list[Agreement]:
    """Every shipped model under `models`; raises ModelError where one cannot even be opened."""
    for model in SHIPPED:
        folder = models / model.name
        verify(folder, read_manifest(folder))
    return [agreement for model in SHIPPED for agreement in check_model(model, models)]


def check_model(model: Shipped, models: Path) -> list[Agreement]:
    """One row per runtime that is installed here."""
    expected = read_reference(models).expected(model.name)
    return [
        Agreement(model=model, runtime=runtime, groups=_compare(detect, models, expected))
        for runtime, detect in open_products(model, models, LEAST_SCORE)
    ]


def faults(models: Path, agreements: list[Agreement], limit_bytes: int) -> list[str]:
    """What stands against shipping `models`: one line each."""
    size = sum(file.stat().st_size for file in models.rglob("*") if file.is_file())
    found = [agreement.fault for agreement in agreements if agreement.fault]
    if size > limit_bytes:
        found.append(f"{models} holds {size} bytes, more than {limit_bytes}")
    return found


def print_agreements(agreements: list[Agreement]) -> None:
    print(
        f"{'agreement with the float network':34}{'runtime':12}{'person':>8}{'vehicle':>9}  least"
    )
    for row in agreements:
        figures = "".join(f"{row.groups[name].average:8.3f} " for name in GROUPS)
        print(f"{row.model.name:34}{row.runtime:12}{figures} {row.model.least_agreement:.2f}")


def _compare(
    detect: DetectObjects, models: Path, expected: Mapping[str, Detections]
) -> dict[str, Precision]:
    pairs = [
        (detect(read_picture(models / PICTURES / name)), true) for name, true in expected.items()
    ]
    return {name: average_precision(pairs, labels) for name, labels in GROUPS.items()}


def open_products(
    model: Shipped, models: Path, least_score: float
) -> Iterator[tuple[str, DetectObjects]]:
    """Runtime and detection of a model, opened as edge and cloud open it: what is checked is what
    runs, but for the sum of a vehicle's scores, which the networks it is compared with do not make.
    One after the other: idle interpreters disturb others."""
    folder = str(models / model.name)
    if model.role == "cloud":
        full = open_model(folder)
        yield "tensorflow", lambda picture: full.by_class([picture])[0]
        return
    for runtime in importable():
        detector = open_detector(folder, runtime, 1, least_score, vehicle_sum=False)
        yield runtime, detector.detect


def print_comparison(built: Path, present: Path) -> None:
    """Whether a rebuild is the same as what is there, a line per model; both may lack models."""
    for model in SHIPPED:
        print(f"{model.name:24}{_compared(model, built, present)}")


def _compared(model: Shipped, built: Path, present: Path) -> str:
    if not (present / model.name / MANIFEST_FILE).is_file():
        return "new"
    new, old = (read_manifest(root / model.name).sha256 for root in (built, present))
    if new == old:
        return "byte-identical to the one there"
    return "differs in bytes from the one there; agrees within the tolerance"
