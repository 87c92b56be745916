"""The `manage` section: whose orders from afar this gateway obeys.

Read through `edge.config.schema`. No order may change it: it stands in the gateway's own file.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from edge.config.shadow import ShadowConfig
from edge.config.values import Name, Section


class ManageConfig(Section):
    """Updates of the configuration that come signed, over MQTT or as a file."""

    root: Path | None = Field(
        None,
        description="File with the first root of trust: who may sign. Absent: no order is obeyed.",
    )
    groups: tuple[Name, ...] = Field(
        (), description="Groups of the fleet that this gateway belongs to; orders may name them."
    )
    health_window_s: float = Field(
        60.0,
        ge=1,
        le=3600,
        description="After an update the gateway is watched for so long; if it gets worse than it "
        "was, the update is rolled back.",
    )
    desired_file: Path | None = Field(
        None,
        description="A file in which an order may be dropped, besides MQTT; looked at every few "
        "seconds.",
    )
    shadow: ShadowConfig = Field(
        default_factory=ShadowConfig, description="Recent frames, by which updates are judged."
    )
