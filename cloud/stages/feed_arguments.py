"""The options of `feed` beside broker and store. Called by `__main__`, and loads nothing."""

from __future__ import annotations

import argparse

from contract.topics import ImageTemplate


def add_feed_arguments(parser: argparse.ArgumentParser) -> None:
    """What `feed` takes beside broker and store."""
    parser.add_argument(
        "--topic",
        type=_template,
        default=ImageTemplate("cameras/{camera}/image"),
        metavar="TOPIC",
        help="where cameras publish, {camera} stands for the id (default cameras/{camera}/image)",
    )
    parser.add_argument(
        "--prefix", default="", metavar="PATH", help="in the store, above <device>/<yyyy-mm-dd>/"
    )
    parser.add_argument("--seconds", type=float, metavar="N", help="end after this long")


def _template(text: str) -> ImageTemplate:
    try:
        template = ImageTemplate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not template.names_camera:
        raise argparse.ArgumentTypeError(f"{text!r} has no {{camera}}, the level with the id")
    return template
