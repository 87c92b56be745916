"""A picture of a posed body from a camera, with clothes painted on.

PURE. Quads are painted from far to near at a multiple of the size and reduced. Light falls from
above and a little from one side, as under an overcast sky. Called by `__main__`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np
import numpy.typing as npt

from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.make_bodies.mesh import Body, MeshPoints

OVERSAMPLED = 3
_SUN = np.array([0.35, 0.85, 0.4]) / np.linalg.norm([0.35, 0.85, 0.4])
AMBIENT, FROM_SKY, FROM_SUN = 0.45, 0.3, 0.35
LOOSE_M = {"jacket": 0.022, "trousers": 0.018, "shoes": 0.008, "hair": 0.014, "skin": 0.0}
"""How far clothes stand off from the skin."""
FOLDS = 0.10
"""Relative strength of folds in cloth."""

BodyColour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """BGR by part of the body."""

    jacket: BodyColour
    trousers: BodyColour
    shoes: BodyColour
    hair: BodyColour
    skin: BodyColour

    def of(self, part: str) -> BodyColour:
        colour: BodyColour = getattr(self, part)
        return colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """`height_m` above the ground, `away_m` from the body over the ground, looking at its middle;
    the body faces `heading` (degrees; 0: to the camera, 90: to the right)."""

    height_m: float
    away_m: float
    heading: float


def part_of(bone: str) -> str:
    """What covers the skin that a bone moves."""
    if bone.startswith(("spine", "clavicle", "upperarm", "lowerarm")):
        return "jacket"
    if bone.startswith(("pelvis", "thigh", "calf", "Root")):
        return "trousers"
    return "shoes" if bone.startswith(("foot", "ball")) else "skin"


def parts(body: Body) -> npt.NDArray[np.str_]:
    """What covers each vertex; hair from the crown down to the ears, at the back to the neck."""
    names = np.array([part_of(bone.name) for bone in body.bones])
    covered = names[body.bone_of()].astype("<U8")
    x, y, z = body.vertices.T
    del x
    top = y.max()
    head = np.array([bone.name for bone in body.bones])[body.bone_of()] == "head"
    behind = z < (z[head].mean() if head.any() else 0.0)
    covered[head & ((y > top - 0.07) | (behind & (y > top - 0.19)))] = "hair"
    return covered


def picture(
    body: Body, vertices: MeshPoints, clothes: Clothes, camera: Viewpoint, px_per_m: float
) -> Cutout:
    """The body as a cut-out; `px_per_m` is the scale at its middle."""
    covered = parts(body)
    vertices = vertices + _normals(vertices, body.faces) * _loose(covered)[:, None]
    seen, depth = _project(vertices, camera)
    seen = (seen - seen.min(axis=0)) * (OVERSAMPLED * px_per_m)
    shape = int(np.ceil(np.ptp(seen[:, 1]))) + 1, int(np.ceil(np.ptp(seen[:, 0]))) + 1
    colours = _colours(body, vertices, covered, clothes)
    colour, cover = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8)
    corners = np.rint(seen * 16).astype(np.int32)
    for face in np.argsort(-depth[body.faces].mean(axis=1)):
        quad = corners[body.faces[face]]
        cv2.fillConvexPoly(colour, quad, colours[face].tolist(), cv2.LINE_8, 4)
        cv2.fillConvexPoly(cover, quad, (255,), cv2.LINE_8, 4)
    return _reduced(colour, cover)


def _reduced(colour: npt.NDArray[np.uint8], cover: npt.NDArray[np.uint8]) -> Cutout:
    size = max(2, cover.shape[1] // OVERSAMPLED), max(2, cover.shape[0] // OVERSAMPLED)
    share = cover[..., None].astype(np.float32) / 255
    light = cv2.resize(colour * share, size, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(share[..., 0], size, interpolation=cv2.INTER_AREA)
    own = light / np.maximum(soft, 1e-2)[..., None]
    return Cutout(
        np.clip(np.rint(own), 0, 255).astype(np.uint8), np.rint(255 * soft).astype(np.uint8)
    )


def _loose(covered: npt.NDArray[np.str_]) -> MeshPoints:
    return np.array([LOOSE_M[str(part)] for part in covered])


def _project(vertices: MeshPoints, camera: Viewpoint) -> tuple[MeshPoints, MeshPoints]:
    """Image points (V, 2; y down, in metres at the distance of the body's middle), and depths."""
    turn = radians(camera.heading)
    x, y, z = vertices.T
    across, towards = x * cos(turn) + z * sin(turn), -x * sin(turn) + z * cos(turn)
    middle = 0.5 * y.max()
    eye = np.array([0.0, camera.height_m, camera.away_m])
    ahead = np.array([0.0, middle, 0.0]) - eye
    distance = np.linalg.norm(ahead)
    ahead /= distance
    up = np.array([0.0, -ahead[2], ahead[1]])
    up = up if up[1] > 0 or (up[1] == 0 and up[2] < 0) else -up
    relative = np.stack([across, y, towards], axis=1) - eye
    depth = relative @ ahead
    flat = np.stack([relative[:, 0], -(relative @ up)], axis=1)
    return np.asarray(flat * (distance / depth)[:, None], np.float64), depth


def _normals(vertices: MeshPoints, faces: npt.NDArray[np.int64]) -> MeshPoints:
    """Of vertices, outwards."""
    sums = np.zeros_like(vertices)
    normals = _face_normals(vertices, faces)
    for corner in range(4):
        np.add.at(sums, faces[:, corner], normals)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-12), np.float64)


def _face_normals(vertices: MeshPoints, faces: npt.NDArray[np.int64]) -> MeshPoints:
    a, b, c, d = (vertices[faces[:, corner]] for corner in range(4))
    normals = np.cross(c - a, d - b)
    return np.asarray(
        normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12), np.float64
    )


def _colours(
    body: Body, vertices: MeshPoints, covered: npt.NDArray[np.str_], clothes: Clothes
) -> MeshPoints:
    """BGR of each face: its cover's colour under the light, cloth with folds."""
    normals = _face_normals(vertices, body.faces)
    light = AMBIENT + FROM_SKY * (1 + normals[:, 1]) / 2 + FROM_SUN * np.maximum(normals @ _SUN, 0)
    worn = covered[body.faces[:, 0]]
    base = np.array([clothes.of(str(part)) for part in worn], np.float64)
    at = body.vertices[body.faces[:, 0]]
    wave = np.sin(60 * at[:, 1] + 9 * np.sin(25 * at[:, 0])) * np.sin(41 * at[:, 0] + 30 * at[:, 2])
    cloth = (worn == "jacket") | (worn == "trousers")
    lit = base * (light * (1 + FOLDS * wave * cloth))[:, None]
    return np.asarray(np.clip(lit, 0, 255), np.float64)
