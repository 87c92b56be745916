"""The class names of detections and the groups in which they are compared.

PURE. The names are COCO's. A rule, a rival network or an evaluation may call the same thing car or
truck; comparison is by group.
"""

from typing import Literal

Group = Literal["person", "vehicle", "animal", "other"]

VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck"})
CYCLES = frozenset({"bicycle", "motorcycle"})
"""Distinguished from other vehicles by their shape, and a rider's are next to a person; so they
keep scores of their own, where those of the others are summed."""

SUMMED = VEHICLES - CYCLES
"""Of one shape to a network that sees them from above: one thing scores as part car, part bus."""

ANIMALS = frozenset({"bird", "cat", "dog", "horse", "sheep", "cow", "bear"})


def group_of(label: str) -> Group:
    """The group that `label` belongs to; an unknown name is `other`."""
    if label == "person":
        return "person"
    if label in VEHICLES:
        return "vehicle"
    return "animal" if label in ANIMALS else "other"
