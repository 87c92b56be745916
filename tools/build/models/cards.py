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
from tools.build.models.shipped import SHIPPED, FloatNetwork, Shipped

INTENDED = {
    "nanodet-g-416-int8": (
        "Finds persons, vehicles and three kinds of animals on the gateway. The default of the "
        "edge: it forwards candidates, which the cloud confirms.\n"
    ),
    "nanodet-g-320-int8": (
        "The same weights as the 416 model at a smaller input, for small gateways: about 0.6 of "
        "its time, and it misses more small and far persons.\n"
    ),
    "centernet-640": (
        "One of the three networks that confirm in the cloud. Its architecture and weights are not "
        "those of the edge, so its opinion is independent.\n"
    ),
    "nanodet-g-512": (
        "One of the three networks that confirm in the cloud, in float and at a larger input. It "
        "has the weights of the edge's model, so its errors go together with the edge's; it is "
        "worth its time because of what the fusion gains.\n"
    ),
    "ssd-mobilenet-v2-300": (
        "One of the networks that confirm in the cloud: neither its architecture nor its weights "
        "are those of the edge. On close-ups it is sure of what is there and silent about what is "
        "not; over whole frames it hardly sees what is small.\n"
    ),
    "confirm-fused": (
        "The default of the cloud: three networks look at each picture, and the mean of the two "
        "best scores counts: what only one of them sees keeps half its score. That removes false "
        "alarms. Confirm at 0.35: two scores add up to 0.7, or one alone reaches it.\n"
    ),
}

PREPARATION = {
    "letterbox": (
        "Scale by min(S/w, S/h) (area interpolation to shrink, bilinear to enlarge), centre on a "
        "grey canvas of 114, RGB, raw 0..255. Undo both on the boxes, then clip.\n"
    ),
    "stretch": (
        "Stretch to the input, whatever the shape of the picture (area interpolation to shrink, "
        "bilinear to enlarge), RGB, raw 0..255. Undo it on the boxes, then clip.\n"
    ),
}

OUTPUTS: dict[FloatNetwork, str] = {
    "nanodet": (
        "Six maps, distinguished by their shapes: class scores `[s, s, 9]` after the sigmoid and "
        "distances `[s, s, 44]` for strides t of 8, 16 and 32. Cell (i, j) has its centre at "
        "((j + 0.5) t, (i + 0.5) t); the 44 are four sides (left, top, right, bottom) of 11 bins: "
        "softmax, expected bin, times t. NMS per class at IoU 0.6.\n"
    ),
    "centernet": (
        "Two maps at stride 4: `heat [S/4, S/4, 9]` after the sigmoid and `wh [S/4, S/4, 4]`, the "
        "distances to left, top, right and bottom in pixels. Keep cells that equal their 3x3 "
        "maximum; the point of cell (i, j) is (4 j, 4 i), without half a cell. NMS at IoU 0.6.\n"
    ),
    "ssd": (
        "Boxes `[1917, 4]` (x0, y0, x1, y1 in shares of the input, decoded in the graph) and "
        "scores `[1917, 9]` after the sigmoid, an anchor per row. NMS per class at IoU 0.6.\n"
    ),
    "fused": (
        "Each member detects for itself. Per class, by falling score, a box joins the best cluster "
        "that it overlaps by IoU > 0.55 and that has no box of its network yet; the fused box is "
        "the mean weighted by score, the fused score the mean of the two best.\n"
    ),
}

STUDY = {
    "nanodet-g-416-int8": (0.622, 0.479, " (same recipe, same calibration pictures)"),
    "nanodet-g-320-int8": (0.581, 0.473, " (same recipe, but calibrated with COCO train pictures)"),
    "centernet-640": (0.684, 0.545, ""),
    "nanodet-g-512": (0.633, 0.546, ""),
    "ssd-mobilenet-v2-300": (0.567, 0.441, ""),
    "confirm-fused": (0.719, 0.629, ""),
}
"""Average precision of persons and vehicles, and what to know about it."""

USE_AND_LIMITS = (
    "## Limits\n\n"
    "COCO shows what people photograph, not what a camera on a pole sees: expect less at night, in "
    "infrared, in rain, through fisheye lenses, and for persons under 32 pixels. Static things "
    "(cones, signs, statues) are at times taken for persons; rules over several frames are there "
    "for that. Thresholds are starting points: set them on labelled frames of the site. It detects "
    "that somebody is there, and is not made to say who.\n"
)


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
