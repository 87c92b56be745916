"""Writes the model cards: a README.md per model and one for the folder.

PURE but for the writing: a card is a function of the model's row, its manifest and the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imaging.manifest import Manifest, read_manifest
from tools.build.models.fetch import (
    DEBIAN_PACKAGE,
    DEBIAN_SHA256,
    MEMBERS,
    PACKAGE,
    TARBALL_SHA256,
    ZOO_GRAPH,
    ZOO_GRAPH_SHA256,
    ZOO_PACKAGE,
    ZOO_WHEEL_SHA256,
)
from tools.build.models.measured import Figures, Measured
from tools.build.models.pictures import CALIBRATION_STEP, CLIP
from tools.build.models.shipped import SHIPPED, Shipped
from tools.build.models.texts import INTENDED, OUTPUTS, PREPARATION, STUDY, USE_AND_LIMITS


def write_cards(models: Path, measured: Measured | None) -> None:
    for model in SHIPPED:
        folder = models / model.name
        figures = measured.models.get(model.name) if measured else None
        card = _card(model, read_manifest(folder), figures, measured)
        (folder / "README.md").write_text(card)


def _card(
    model: Shipped, manifest: Manifest, figures: Figures | None, measured: Measured | None
) -> str:
    parts = [
        f"# {model.title}\n",
        INTENDED[model.name],
        _facts(model, manifest),
        _use(model),
        _accuracy(model, figures, measured),
        _latency(model, figures, measured),
        USE_AND_LIMITS,
        _licence(manifest),
        _sources(model),
    ]
    return "\n".join(part for part in parts if part)


def _facts(model: Shipped, manifest: Manifest) -> str:
    rows = {
        "Format": model.format,
        "Input": "" if model.fusion else f"{model.side_px}x{model.side_px} RGB, uint8",
        "Members": ", ".join(model.fusion.members) if model.fusion else "",
        "Labels": ", ".join(manifest.labels),
        "Quantisation": manifest.quantisation,
        "Size": "" if model.fusion else f"{manifest.bytes / 1e6:.2f} MB",
        "SHA-256": f"`{manifest.sha256}`",
        "Default score threshold": f"{manifest.thresholds.score}",
    }
    return _table(("", ""), [(key, value) for key, value in rows.items() if value])


def _use(model: Shipped) -> str:
    steps = "" if model.fusion else PREPARATION[model.resize] + "\n"
    return f"## In and out\n\n{steps}{OUTPUTS[model.network]}"


def _accuracy(model: Shipped, figures: Figures | None, measured: Measured | None) -> str:
    person, vehicle, remark = STUDY[model.name]
    rows = [("128 COCO val2017 pictures (model study)", "", f"{person}", f"{vehicle}")]
    if figures and measured:
        here = f"{measured.stills} COCO train2017 pictures (here)"
        rows += [(here, *_pair(run, groups)) for run, groups in figures.stills.items()]
        shipped = "8 street pictures, float network as the truth (here)"
        rows += [(shipped, *_pair(run, groups)) for run, groups in figures.agreement.items()]
    return (
        "## Accuracy\n\nAverage precision at IoU 0.5, the five vehicle classes counted as one.\n\n"
        + _table(("pictures", "runtime", "person", "vehicle"), rows)
        + "\nThe network was trained on COCO train2017, so figures on those pictures flatter it: "
        "they show that the file is sound, not what new pictures give. Figures on val2017 were "
        f"measured in the model study{remark} and are cited, not repeated here. The street "
        "pictures say how much the shipped file differs from the float network, and nothing about "
        f"the truth; a build is refused under {model.least_agreement}.\n"
        + (_truth(measured) if measured else "")
    )


def _truth(measured: Measured) -> str:
    true, small = measured.true, measured.small
    return (
        f"\nIn the {measured.stills} train2017 pictures stand {true['person']} persons and "
        f"{true['vehicle']} vehicles; {small['person']} and {small['vehicle']} of them are smaller "
        "than 32x32 pixels.\n"
    )


def _pair(runtime: str, groups: dict[str, float]) -> tuple[str, str, str]:
    return runtime, f"{groups['person']:.3f}", f"{groups['vehicle']:.3f}"


def _latency(model: Shipped, figures: Figures | None, measured: Measured | None) -> str:
    if model.fusion:
        return "## Latency\n\nThe members run one after the other; add their times.\n"
    if not (figures and measured):
        return ""
    rows = [(name, f"{ms:.1f}") for name, ms in figures.latency_ms.items()]
    return (
        f"## Latency\n\nThe network alone, fastest tenth of 60 runs, on {measured.machine}. The "
        "machine was shared with other work, which two threads suffer from more than one; measure "
        "on the gateway itself with `make bench`.\n\n" + _table(("runtime", "ms"), rows)
    )


def _licence(manifest: Manifest) -> str:
    notes = f"\n{manifest.licence.notes}\n" if manifest.licence.notes else ""
    return (
        f"## Licence\n\n{manifest.licence.spdx}. {manifest.licence.attribution}\n{notes}\n"
        "Texts and the statement of changes: [licences](../licences).\n"
    )


def _sources(model: Shipped) -> str:
    if model.fusion:
        members = ", ".join(f"[{name}](../{name}/README.md)" for name in model.fusion.members)
        return f"## Sources\n\nSee its members: {members}.\n"
    rows = [(name, f"`{digest}`") for name, digest in _published(model)]
    calibration = ""
    if model.role == "edge":
        rows.append((f"Debian {DEBIAN_PACKAGE} (calibration)", f"`{DEBIAN_SHA256}`"))
        calibration = (
            f"Calibrated with 97 pictures: every {CALIBRATION_STEP}th frame of `{CLIP}` and 83 "
            "photographs, half of them letterboxed.\n"
        )
    text = "Rebuilt by `make models` (`tools/build/models`).\n"
    return f"## Sources\n\n{text}{calibration}\n" + _table(("source", "SHA-256"), rows)


def _published(model: Shipped) -> list[tuple[str, str]]:
    """The packages and files that the network is made of, with their hashes."""
    if model.network == "ssd":
        return [(f"PyPI {ZOO_PACKAGE}", ZOO_WHEEL_SHA256), (ZOO_GRAPH, ZOO_GRAPH_SHA256)]
    files = [(name, digest) for name, digest in MEMBERS.items() if model.network in name]
    return [(f"npm {PACKAGE}", TARBALL_SHA256), *files]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
