"""Poses: walking, running, crouching, standing, as turns of a body's joints.

PURE. Turns are about the body's own axes at rest (x to its left, y up, z to the front), in degrees:
a thigh turned by a negative angle about x swings to the front. Angles follow published gait curves
in their rough shape (Winter, Biomechanics of Human Movement; Novacheck 1998 for running). Called by
`__main__`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi, radians, sin

import numpy as np

from tools.evaluation.make_bodies.mesh import Body, MeshPoints

ARM_DOWN = 38.0
"""From MakeHuman's rest pose, arms held out, to hanging down."""

Pose = Mapping[str, MeshPoints]
"""A turn (3, 3) by bone; bones that are not named do not turn."""


def about_x(degrees: float) -> MeshPoints:
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def about_z(degrees: float) -> MeshPoints:
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def walking(phase: float) -> Pose:
    """`phase` 0..1 through two steps: hips swing 22 degrees, knees give way while a leg swings."""
    return _gait(phase, hip=22, lift=6, knee=(5, 55), arm=22, elbow=0, lean=3)


def running(phase: float) -> Pose:
    """Longer strides, heels high, elbows bent, leaning to the front."""
    return _gait(phase, hip=42, lift=18, knee=(18, 95), arm=42, elbow=62, lean=12)


def crouching(phase: float) -> Pose:
    """Walking bent double, with small steps: hips and knees never stretched."""
    return _gait(phase, hip=14, lift=68, knee=(78, 30), arm=10, elbow=35, lean=48)


def standing(phase: float) -> Pose:
    """Upright, shifting a little."""
    return _gait(phase, hip=2, lift=0, knee=(3, 2), arm=3, elbow=-10, lean=1)


def _gait(
    phase: float,
    *,
    hip: float,
    lift: float,
    knee: tuple[float, float],
    arm: float,
    elbow: float,
    lean: float,
) -> Pose:
    """Hips swing by `hip` about `lift` to the front; knees bend by `knee[0]` on the ground and
    `knee[1]` more in swing; arms swing against the legs; the trunk leans by `lean`."""
    turns = {"spine_01": about_x(lean / 2), "spine_02": about_x(lean / 2)}
    turns["neck_01"] = about_x(-0.7 * lean)
    for side, sign, at in (("l", 1.0, phase), ("r", -1.0, phase + 0.5)):
        swing = cos(2 * pi * at)  # 1: this leg is in front
        bend = knee[0] + knee[1] * max(0.0, -sin(2 * pi * at)) ** 1.5
        turns[f"thigh_{side}"] = about_x(-lift - hip * swing)
        turns[f"calf_{side}"] = about_x(bend)
        turns[f"foot_{side}"] = about_x(lift + hip * swing - bend if lift > 30 else -8 * swing)
        down = about_z(-sign * ARM_DOWN)
        turns[f"upperarm_{side}"] = about_x(arm * swing - 0.3 * lean) @ down
        turns[f"lowerarm_{side}"] = down.T @ about_x(-elbow) @ down
    return turns


def posed(body: Body, pose: Pose) -> MeshPoints:
    """The body's vertices (V, 3) in that pose; the lowest stands at y = 0, the pelvis above the
    origin."""
    moves: dict[str, tuple[MeshPoints, MeshPoints]] = {}
    for bone in body.bones:
        turn, shift = moves.get(bone.parent or "", (np.eye(3), np.zeros(3)))
        own = pose.get(bone.name)
        if own is not None:
            shift = turn @ (bone.joint - own @ bone.joint) + shift
            turn = turn @ own
        moves[bone.name] = turn, shift
    turns = np.stack([moves[bone.name][0] for bone in body.bones])
    shifts = np.stack([moves[bone.name][1] for bone in body.bones])
    each = np.einsum("bij,vj->vbi", turns, body.vertices) + shifts
    moved = np.asarray(np.einsum("vb,vbi->vi", body.weights, each), np.float64)
    moved[:, 1] -= moved[:, 1].min()
    return moved
