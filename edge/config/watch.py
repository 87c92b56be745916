"""The `watch` section: the proof of watch, a signed account of every hour.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section

_DAY_S = 86_400
_LEAST, _MOST = 48, 10_000


class WatchConfig(Section):
    """What became of every camera's frames, signed and chained, so that silence is evidence."""

    every_s: float = Field(
        3600.0,
        ge=2,
        le=86_400,
        description="Time of an entry; entries end at whole multiples of it, in UTC.",
    )
    gap_s: float = Field(
        60.0,
        ge=2,
        le=3600,
        description="A camera that sends nothing for longer is named with begin and length.",
    )
    keep_days: float = Field(
        31.0,
        ge=1,
        le=400,
        description="Entries stay on this gateway's disk for so long, 48 at least and 10000 at "
        "most, delivered or not.",
    )

    @property
    def keep(self) -> int:
        """How many entries that are."""
        return round(min(_MOST, max(_LEAST, self.keep_days * _DAY_S / self.every_s)))
