"""What was detected, drawn into the pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cloud.stages.draw import DrawStage
from cloud.stages.rules import Rules
from cloud.stages.tree import InputTree, OutputTree
from imaging.detections import Image
from tests.unit.cloud.stages.archives import NOON, TORN, a_sight, close_up, contents, row, write
from tests.unit.imaging.pictures import LIMITS, encoded

GREY_PICTURE = encoded(np.full((100, 100, 3), 90, np.uint8), ".png")


def drawn(tree: Path, out: Path) -> dict[str, int]:
    source = InputTree(tree)
    return DrawStage(source=source, out=OutputTree(out, source), rules=Rules(), limits=LIMITS).run()


def is_red(image: Image, x: int, y: int) -> bool:
    blue, green, red = (int(value) for value in image[y, x])
    return red > blue + 60 and red > green + 60


def test_what_the_rules_confirm_is_red_and_the_rest_grey(tmp_path: Path) -> None:
    sight = a_sight(
        row("person", 0.9, x0=10), row("dog", 0.9, x0=40), row("person", 0.3, x0=70),
        close_ups=(close_up(2),),
    )  # fmt: skip
    lost = a_sight(row("person", 0.9), unix_s=NOON + 1)
    torn = a_sight(row("person", 0.9), unix_s=NOON + 2)
    folder = sight.named.folder
    tree = write(
        tmp_path / "in",
        {
            **{f"{folder}/{one.named.stem}.json": one.model_dump_json().encode()
               for one in (sight, lost, torn)},
            f"{folder}/{sight.picture}": GREY_PICTURE,
            f"{folder}/{torn.picture}": TORN,
        },
    )  # fmt: skip
    assert drawn(tree, tmp_path / "out") == {"pictures": 1, "threats": 1, "problems": 2}
    files = contents(tmp_path / "out")
    assert files.keys() == {f"{folder}/{sight.named.stem}.jpg"}
    (body,) = files.values()
    image = np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR), np.uint8)
    assert is_red(image, 10, 28)
    assert not is_red(image, 40, 28)
    assert not is_red(image, 70, 28)
    assert drawn(tree, tmp_path / "again") == {"pictures": 1, "threats": 1, "problems": 2}
    assert contents(tmp_path / "again") == files
