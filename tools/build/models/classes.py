"""The nine of the 80 COCO classes that are kept, in the order of every shipped model's outputs."""

from __future__ import annotations

LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "bird", "cat", "dog")
COCO_COLUMNS = (0, 1, 2, 3, 5, 7, 14, 15, 16)
VEHICLES = frozenset({"bicycle", "car", "motorcycle", "bus", "truck"})
