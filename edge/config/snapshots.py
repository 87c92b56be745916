"""How pictures of `kind: snapshot` cameras wait, at the broker and here.

Part of `schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section


class SnapshotsConfig(Section):
    """Single pictures, each an alarm: none is replaced by the next, and the broker keeps those of
    listed `kind: snapshot` cameras until they were analysed."""

    queue: int = Field(20, ge=1, le=1000, description="How many pictures of one camera may wait.")
    queue_max_bytes: int = Field(
        64_000_000,
        ge=1_000_000,
        le=2_000_000_000,
        description="How many bytes may wait for one analysis thread.",
    )
    keep_s: int = Field(
        3600,
        ge=60,
        le=604_800,
        description="How long the broker keeps them while the gateway is away.",
    )
