"""`python -m tools.build.models`: rebuild the shipped models, or check them.

A build goes to a scratch folder, is checked against the committed reference, compared with what is
there, and only then takes its place. Exits 1 with the reason otherwise.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tools import CHECKOUT

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported below

from cloud.model.network import FullModelError as CloudInferenceError
from edge.errors import InferenceError
from imaging.manifest import ModelError
from tools.build.models.build import build_models
from tools.build.models.cards import write_cards
from tools.build.models.check import check_models, faults, print_agreements, print_comparison
from tools.build.models.fetch import FetchError, fetch_pictures, fetch_weights
from tools.build.models.floats import open_floats
from tools.build.models.measured import measure, print_measured, read_measured
from tools.build.models.pictures import calibration_pictures, check_pictures, read_picture
from tools.build.models.reference import PICTURES, write_pictures, write_reference
from tools.build.models.shipped import SHIPPED
from tools.build.models.tfjs import TfjsError

SHIPPED_MODELS = CHECKOUT / "models"
CACHE = CHECKOUT / ".cache" / "models"
LIMIT_BYTES = 32_000_000
"""A clone stays small; three networks for the cloud and two for the edge take 30.6 MB."""


def main() -> int:
    arguments = _arguments()
    try:
        return _run(arguments)
    except (CloudInferenceError, FetchError, InferenceError, ModelError, TfjsError) as error:
        print(error, file=sys.stderr)
        return 1


def _run(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    if arguments.write_reference:
        _renew_reference(out)
        return 0
    if arguments.evaluate:
        return _evaluate(out)
    if arguments.check_only:
        return _check(out)
    return _rebuild(out)


def _rebuild(out: Path) -> int:
    weights = fetch_weights(CACHE)
    calibration = calibration_pictures(fetch_pictures(CACHE))
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="built-") as scratch:
        built = Path(scratch) / "models"
        built.mkdir()
        build_models(weights, calibration, SHIPPED_MODELS, built)
        status = _check(built)
        print_comparison(built, out)
        if status == 0:
            _install(built, out)
    return status


def _install(built: Path, out: Path) -> None:
    for model in SHIPPED:  # a stray old file in a SavedModel would change its hash
        shutil.rmtree(out / model.name, ignore_errors=True)
    shutil.copytree(built, out, dirs_exist_ok=True)
    write_cards(out, read_measured(out) or read_measured(SHIPPED_MODELS))
    print(f"the models are in {out}")


def _check(models: Path) -> int:
    agreements = check_models(models)
    print_agreements(agreements)
    found = faults(models, agreements, LIMIT_BYTES)
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


def _evaluate(models: Path) -> int:
    data = os.environ.get("STILLWATCH_DATA")
    if not data:
        print("--evaluate needs labelled stills: set STILLWATCH_DATA", file=sys.stderr)
        return 1
    measured = measure(models, Path(data) / "dev")
    write_cards(models, measured)
    print_measured(measured)
    return 0


def _renew_reference(models: Path) -> None:
    write_pictures(models, check_pictures(fetch_pictures(CACHE)))
    paths = sorted((models / PICTURES).glob("*.jpg"))
    pictures = {path.name: read_picture(path) for path in paths}
    write_reference(models, open_floats(fetch_weights(CACHE)), pictures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.build.models", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=SHIPPED_MODELS, help="the folder of the models (models/)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check-only", action="store_true", help="check what is there and build nothing"
    )
    what.add_argument(
        "--evaluate",
        action="store_true",
        help="measure what is there on the stills of $STILLWATCH_DATA, and write the cards",
    )
    what.add_argument(
        "--write-reference",
        action="store_true",
        help="write the reference anew from the float networks (changes what models must see)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
