"""Drawn people: reading the mesh, turning joints, painting, and the sheets that ship."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.evaluation.compose.bodies import COLUMNS, SHEETS, Sheet, SheetError, figures
from tools.evaluation.make_bodies import mesh, pose
from tools.evaluation.make_bodies.__main__ import drawn
from tools.evaluation.make_bodies.mesh import DATA, Body, Bone
from tools.evaluation.make_bodies.picture import Clothes, Viewpoint, picture

GREY = (120, 120, 120)
CLOTHES = Clothes(
    jacket=(200, 60, 60), trousers=(60, 60, 200), shoes=GREY, hair=GREY, skin=(60, 200, 60)
)


def box(low: float, high: float) -> list[tuple[float, float, float]]:
    """Eight corners of a column of 0.2 m."""
    return [(x, y, z) for y in (low, high) for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def two_boxes() -> Body:
    """A leg below a trunk, hinged at 0.9 m."""
    points = np.array(box(0.0, 0.9) + box(0.9, 1.7)) * (0.1, 1, 0.1)
    sides = [(n, n + 4, (n + 1) % 4 + 4, (n + 1) % 4) for n in range(4)]
    quads = [(0, 1, 2, 3), (7, 6, 5, 4), *sides]
    faces = np.array([[corner + base for corner in quad] for base in (0, 8) for quad in quads])
    weights = np.repeat(np.eye(2), 8, axis=0)
    bones = (
        Bone(name="pelvis", parent=None, joint=np.array([0.0, 0.9, 0.0])),
        Bone(name="spine_01", parent="pelvis", joint=np.array([0.0, 0.9, 0.0])),
    )
    return Body(vertices=points, faces=faces, bones=bones, weights=weights)


def test_without_turns_a_body_stays_as_it_is() -> None:
    body = two_boxes()
    assert pose.posed(body, {}) == pytest.approx(body.vertices)


def test_a_joint_turns_what_hangs_on_it_and_keeps_its_shape() -> None:
    body = two_boxes()
    bent = pose.posed(body, {"spine_01": pose.about_x(90)})
    assert bent[:8] == pytest.approx(body.vertices[:8] - (0, bent[:, 1].min(), 0), abs=0.11)
    assert np.ptp(bent[8:, 2]) == pytest.approx(0.8)  # the trunk lies to the front
    assert bent[8:, 2].max() > 0.7


def test_gaits_bring_one_leg_before_the_other() -> None:
    for gait in (pose.walking, pose.running, pose.crouching):
        first, half = (gait(phase)["thigh_l"] for phase in (0.0, 0.5))
        assert first == pytest.approx(gait(0.5)["thigh_r"])
        assert not np.allclose(first, half)


def test_a_body_is_painted_with_its_clothes_and_nearer_is_larger() -> None:
    body = two_boxes()
    near = picture(body, body.vertices, CLOTHES, Viewpoint(height_m=1, away_m=6, heading=0), 60.0)
    inside = near.colour[near.cover > 250]
    reds = (inside[:, 2].astype(int) - inside[:, 0] > 30).mean()
    blues = (inside[:, 0].astype(int) - inside[:, 2] > 30).mean()
    assert len(near.cover) == pytest.approx(60 * 1.7, rel=0.1)
    assert (reds, blues) == pytest.approx((0.5, 0.5), abs=0.15)
    above = picture(
        body, body.vertices, CLOTHES, Viewpoint(height_m=6, away_m=0.01, heading=0), 60.0
    )
    assert len(above.cover) < 30


def test_the_mesh_is_read_as_its_files_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "BODY_VERTICES", 4)
    monkeypatch.setattr(mesh, "WEIGHTS_OF", "toy")
    corners = "".join(
        f"v {x} {y} 0\n" for x, y in ((0, 0), (10, 0), (10, 20), (0, 20), (5, 9), (5, 11))
    )
    files = {
        "3dobjs/base.obj": f"{corners}g body\nf 1/1 2/2 3/3 4/4\ng joint-mid\nf 5/1 6/1 5/1 6/1\n",
        "rigs/standard/rig.toy.json": json.dumps(
            {"Root": {"parent": "", "head": {"cube_name": "joint-mid"}}}
        ),
        "rigs/standard/weights.toy.json": json.dumps({"weights": {"Root": [[0, 2], [1, 1]]}}),
    }
    packed = {f"{DATA}/{name}": text.encode() for name, text in files.items()}
    moved = gzip.compress(b"# a comment\n2 1 0 0\n")
    macro = f"{DATA}/targets/macrodetails"
    packed[f"{macro}/asian-female-old.target.gz"] = moved
    packed[f"{macro}/universal-female-old-averagemuscle-maxweight.target.gz"] = moved
    body = mesh.body(packed.__getitem__, "female", "old", "maxweight", "asian")
    assert body.vertices[2] == pytest.approx((1.2, 2.0, 0.0))  # twice a decimetre further
    assert body.bones[0].joint == pytest.approx((0.5, 1.0, 0.0))
    assert body.weights[:2] == pytest.approx(np.ones((2, 1)))


@pytest.mark.parametrize("name", [sheet.name for sheet in SHEETS])
def test_every_shipped_sheet_holds_people_in_all_phases(name: str) -> None:
    people = figures(name)
    assert len(people) == 5
    for figure in people:
        assert len(figure.person.frames) == COLUMNS
        for frame in figure.person.frames:
            assert frame.colour.shape[:2] == frame.cover.shape
            assert (frame.cover > 127).mean() > 0.15


def test_a_sheet_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"walk\.webp is no sheet of bodies"):
        figures("walk", tmp_path)


@pytest.mark.parametrize("sheet", SHEETS, ids=[sheet.name for sheet in SHEETS])
def test_a_sheet_is_read_as_it_was_drawn(sheet: Sheet, tmp_path: Path) -> None:
    grid = drawn(sheet, [(two_boxes(), CLOTHES)])
    cv2.imwrite(str(tmp_path / sheet.file), grid, [cv2.IMWRITE_WEBP_QUALITY, 101])
    (figure,) = figures(sheet.name, tmp_path)
    assert len(figure.person.frames) == COLUMNS
    ys, xs = np.nonzero(grid[: sheet.cell[1], : sheet.cell[0], 3] > 127)
    first = figure.person.frames[0]
    assert list(first.cover.shape) == [int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1]
    assert ys.max() >= sheet.cell[1] - 2  # it stands on the lower edge
