"""The `manage.shadow` section: recent frames, by which an update is judged before it comes into
force.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Section


class ShadowConfig(Section):
    """An update is judged by frames that came lately, beside what runs: what would it decide
    otherwise? Nothing is kept where no root of trust is named."""

    max_bytes: int = Field(
        32_000_000,
        ge=0,
        le=2_000_000_000,
        description="Recent frames of all cameras that are held in memory for it; 0: none, and "
        "every update is reported as not replayed. Beside it a replay takes 150 to 200 MB while "
        "it runs.",
    )
    max_footage_s: float = Field(
        240.0,
        ge=10,
        le=7200,
        description="So many seconds of all cameras together; what was reported stays longest.",
    )
    max_run_s: float = Field(
        60.0,
        ge=5,
        le=1800,
        description="A replay takes so long at most, what was reported first; what it has not come "
        "to by then is not judged by.",
    )
