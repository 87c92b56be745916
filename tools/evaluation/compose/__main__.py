"""`python -m tools.evaluation.compose OUT`: a labelled corpus of composed scenes, for `python -m
tools.evaluation.evaluate OUT`.

Writes the manifest; the frames are rendered when they are evaluated, or stored with `--store`. The
footage in STILLWATCH_DATA, where there is any, adds places.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
from tqdm import tqdm

from tools.evaluation.compose.materials import MaterialError, Materials, at_hand
from tools.evaluation.compose.recipe import SceneRecipe, name_of
from tools.evaluation.compose.render import stage
from tools.evaluation.compose.scenes import SCENES, USUAL, CompositionPlan, recipes
from tools.evaluation.compose.stages import StagedScene, Truth

LICENCE = "composed from Debian's opencv-doc (Apache-2.0 AND BSD-3-Clause)"
LICENCE_OF_DATA = "and recordings of intel-iot-devkit/sample-videos (CC-BY-4.0)"
OF_DATA = ("car_park", "lobby", "asphalt")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done; 1 a material is missing; 2 wrong arguments."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        materials = at_hand()
    except MaterialError as error:
        print(error, file=sys.stderr)
        return 1
    sequences = _compose(options, materials)
    text = json.dumps({"sequences": sequences, "stills": []})
    (options.out / "manifest.json").write_text(text + "\n", encoding="utf-8")
    frames = sum(_length(sequence) for sequence in sequences)
    print(f"{options.out / 'manifest.json'}: {len(sequences)} sequences of {frames} frames")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.compose", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the manifest (and frames)")
    parser.add_argument(
        "--scenes",
        nargs="+",
        choices=SCENES,
        default=USUAL,
        metavar="NAME",
        help="default: all but the nights",
    )
    parser.add_argument("--places", nargs="+", metavar="NAME", help="default: all there are")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another set")
    parser.add_argument("--hours", type=float, default=10.0, help="camera-hours of nuisances")
    parser.add_argument("--walkers", type=int, default=3, help="per scene and band of height")
    parser.add_argument(
        "--pause", type=float, default=25.0, metavar="S", help="between a night's frames"
    )
    parser.add_argument("--store", action="store_true", help="write the frames too")
    return parser


def _compose(options: argparse.Namespace, materials: Materials) -> list[dict[str, object]]:
    places = {name: materials.place(name) for name in options.places or materials.places}
    options.out.mkdir(parents=True, exist_ok=True)
    sequences = []
    plan = CompositionPlan(
        scenes=options.scenes,
        places=places,
        hours=options.hours,
        walkers=options.walkers,
        seed=options.seed,
        pause_s=options.pause,
        above=tuple(materials.above),
        vehicles=tuple(vehicle.name for vehicle in materials.vehicles),
    )
    for id_, recipe in recipes(plan):
        shown = stage(recipe, materials)
        sequences.append(_sequence(id_, shown))
        if options.store:
            _store(options.out / id_, id_, shown)
    return sequences


def _store(folder: Path, id_: str, shown: StagedScene) -> None:
    folder.mkdir(exist_ok=True)
    for name, jpeg in tqdm(shown, desc=id_, unit="frame"):
        (folder / name).write_bytes(jpeg)


def _length(sequence: dict[str, object]) -> int:
    frames = sequence["frames"]
    return len(frames) if isinstance(frames, list) else 0


def _sequence(id_: str, shown: StagedScene) -> dict[str, object]:
    recipe = shown.recipe
    width, height = recipe.sent_size()
    of_data = recipe.background in OF_DATA or len(recipe.vehicles) > 1
    licences = [LICENCE] + ([LICENCE_OF_DATA] if of_data else [])
    return {
        "id": id_,
        "dir": id_,
        "fps": 4.0,
        "seconds": recipe.seconds,
        "width": width,
        "height": height,
        "scene": f"{recipe.scene}, {recipe.background}, {recipe.light}",
        "synthetic": True,
        "nuisance": None if recipe.walkers else recipe.scene,
        "licence": " ".join(licences),
        "recipe": recipe.model_dump(mode="json"),
        "static": [
            {"name": thing.name, "xyxy": _sent(thing.xyxy, recipe)}
            | ({"away_s": thing.away_s} if thing.away_s else {})
            for thing in shown.standing
        ],
        "frames": [_frame(truth) for truth in shown.truths()],
    }


def _sent(box: tuple[float, float, float, float], recipe: SceneRecipe) -> list[float]:
    """In pixels of the frame as sent."""
    return [round(value * by, 1) for value, by in zip(box, recipe.squeeze * 2, strict=True)]


def _frame(truth: Truth) -> dict[str, object]:
    frame: dict[str, object] = {
        "file": name_of(truth.instant.number),
        "at_s": truth.instant.at_s,
        "person": truth.person,
        "vehicle": truth.vehicle,
        "bicycle": False,
        "vehicle_parked": truth.parked,
    }
    boxes = [
        {
            "class": box.label,
            "xyxy": [round(value, 1) for value in box.xyxy],
            "height_px": round(box.height_px, 1),
            "visible": round(box.visible, 3),
        }
        | ({"partial": True} if box.partial else {})
        for box in truth.boxes
    ]
    return frame | {"boxes": boxes} if boxes else frame


if __name__ == "__main__":
    sys.exit(main())
