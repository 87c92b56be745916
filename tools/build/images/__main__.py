"""`python -m tools.build.images build IMAGE... [--push HOST/PREFIX]`, `names`, `clean`; `--help`.

SHELL. Everything lies in `--folder` (default `$STILLWATCH_IMAGES`, then `var/images`). Exit status:
0 done, 1 the engine refused, 78 the machine lacks something.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tools import CHECKOUT
from tools.build.images.base import import_base
from tools.build.images.build import (
    BRIDGE_AMD64,
    CLOUD,
    EDGE_AMD64,
    RECIPES,
    ImageRecipe,
    build,
    version,
)
from tools.build.images.engine import Engine, EngineError, open_engine
from tools.build.images.machine import Unfit, arm64_programs, install_packages
from tools.build.images.registry import push

EXIT_FAILED, EXIT_CONFIG = 1, 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    try:
        install_packages()
        engine = open_engine(folder)
        if options.command == "clean":
            clean(engine)
        elif options.command == "names":
            print(names(engine))
        else:
            recipes = [RECIPES[name] for name in options.images]
            build_all(engine, recipes, options.base)
            if options.push:
                push_all(engine, recipes, options.push)
            print(f"the engine over these images: {folder / 'podman'} images")
    except Unfit as error:
        print(f"images: {error}", file=sys.stderr)
        return EXIT_CONFIG
    except EngineError as error:
        print(f"images: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def build_all(engine: Engine, recipes: Sequence[ImageRecipe], base: str | None) -> None:
    """Each recipe, from `base` or from one that is made here."""
    with ExitStack() as stack:
        if any(recipe.arch == "arm64" for recipe in recipes):
            stack.enter_context(arm64_programs())
        for recipe in recipes:
            named = base or import_base(engine, recipe.arch, engine.folder)
            print(f"{recipe.tag} {build(engine, recipe, named)}")


def push_all(engine: Engine, recipes: Sequence[ImageRecipe], prefix: str) -> None:
    """One list of architectures for each image, and the digest to deploy by."""
    for name in dict.fromkeys(recipe.name for recipe in recipes):
        tags = [recipe.tag for recipe in recipes if recipe.name == name]
        digest = push(engine, tags, f"{prefix}/{name}:{version()}")
        print(f"{prefix}/{name}@{digest}")


def names(engine: Engine) -> str:
    """Lines for a shell: which images the deployment's tests run, in which engine's store."""
    values = engine.environ() | {
        "STILLWATCH_EDGE_IMAGE": EDGE_AMD64.tag,
        "STILLWATCH_BRIDGE_IMAGE": BRIDGE_AMD64.tag,
        "STILLWATCH_CLOUD_IMAGE": CLOUD.tag,
        "STILLWATCH_DEBIAN_IMAGE": import_base(engine, "amd64", engine.folder),
    }
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())


def clean(engine: Engine) -> None:
    """Images, bases and the folder itself are gone."""
    engine.remove_all()
    shutil.rmtree(engine.folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.build.images", description="Builds the container images."
    )
    default = Path(os.environ.get("STILLWATCH_IMAGES") or CHECKOUT / "var" / "images")
    parser.add_argument("--folder", type=Path, default=default, help="scratch folder")
    commands = parser.add_subparsers(dest="command", required=True, metavar="build|names|clean")
    making = commands.add_parser("build", help="build images")
    making.add_argument(
        "images",
        nargs="+",
        choices=sorted(RECIPES),
        metavar="IMAGE",
        help=", ".join(sorted(RECIPES)),
    )
    making.add_argument("--base", help="base image of one architecture; default: made here")
    making.add_argument("--push", metavar="HOST/PREFIX", help="push what was built")
    commands.add_parser("names", help="shell lines that point tests/deploy at the built images")
    commands.add_parser("clean", help="remove the scratch folder with all images")
    return parser


if __name__ == "__main__":
    sys.exit(main())
