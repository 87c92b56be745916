"""`python -m tools.build.balena`: what balena needs of this repository.

`dockerfiles` writes balena/*/Dockerfile* anew from the repository's (`--check`: only says whether
that is needed); `assemble OUT` makes the folder for `balena push FLEET --source OUT`. Exit status:
0 done; 1 something is stale or cannot be made.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import CHECKOUT
from tools.build.balena.project import DockerfileError, ProjectError, assemble, dockerfiles, stale


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "assemble":
            assemble(CHECKOUT, options.out, dict(options.image))
            print(f"now: balena push FLEET --source {options.out}")
            return 0
        return _check() if options.check else _write()
    except (DockerfileError, ProjectError) as error:
        print(error, file=sys.stderr)
        return 1


def _write() -> int:
    for path, text in dockerfiles(CHECKOUT).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(CHECKOUT))
    return 0


def _check() -> int:
    found = stale(CHECKOUT)
    for path in found:
        print(f"{path.relative_to(CHECKOUT)} is stale: python -m tools.build.balena dockerfiles")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.build.balena", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    written = verbs.add_parser("dockerfiles", help="write balena/*/Dockerfile* anew")
    written.add_argument("--check", action="store_true", help="write nothing; 1 if stale")
    assembled = verbs.add_parser("assemble", help="make the folder for `balena push`")
    assembled.add_argument("out", type=Path, metavar="OUT", help="a new or empty folder")
    assembled.add_argument(
        "--image",
        type=_image,
        action="append",
        default=[],
        metavar="SERVICE=IMAGE@sha256:...",
        help="name a pushed image instead of building that service (repeatable)",
    )
    return parser


def _image(text: str) -> tuple[str, str]:
    service, sign, image = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not SERVICE=IMAGE@sha256:...")
    return service, image


if __name__ == "__main__":
    sys.exit(main())
