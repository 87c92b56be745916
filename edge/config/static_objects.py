"""The `decide.static_objects` section: memory of objects that stand there.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section


class StaticObjectsConfig(Section):
    """Parked cars, statues, posters, what the cloud has refuted: remembered, not reported again."""

    enabled: bool = Field(True, description="Off: nothing is remembered or recognised.")
    stationary_s: float = Field(
        5.0,
        ge=0.5,
        le=86_400,
        description="A vehicle or object that has stood this long is static; longer than a halt "
        "at a "
        "gate would only delay it.",
    )
    person_stationary_s: float = Field(
        600.0,
        ge=5,
        le=86_400,
        description="A person or animal that has not moved for this long is a statue or a picture; "
        "nobody alive stands so still.",
    )
    min_overlap: float = Field(
        0.6,
        ge=0.3,
        le=0.95,
        description="Overlap (IoU) of a detection with the remembered box; boxes of one static "
        "object jitter by less.",
    )
    min_similarity: float = Field(
        0.65,
        ge=0.1,
        le=1,
        description="Similarity (-1 to 1) with the remembered appearance. Measured: the same "
        "object by day, dusk and in shadow 0.83 and more, others and the empty place at most 0.59.",
    )
    free_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Its place has looked different for this long: it has gone. Longer than most "
        "people "
        "stand in front of it.",
    )
    keep_days: float = Field(
        14.0, ge=0.01, le=3650, description="Not seen for this long: forgotten, refuted or not."
    )
    max_objects: int = Field(
        64,
        ge=1,
        le=1000,
        description="How many per camera; beyond, the longest unseen is forgotten.",
    )
