"""The `remote` section: what a gateway may be asked from afar.

Read through `edge.config.schema`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.config.values import Section

RemoteVerb = Literal["snapshot", "diagnostics", "explain", "restart"]


class RemoteConfig(Section):
    """Requests over MQTT. Who may ask is for the rules of the brokers of site and cloud."""

    allow: tuple[RemoteVerb, ...] = Field(
        ("diagnostics", "explain"),
        max_length=4,
        description="Verbs that are answered on `<root>/<gateway>/request/<verb>`. snapshot shows "
        "a camera's last picture to whoever may ask, restart ends the daemon, so both are for you "
        "to add.",
    )
    snapshot_px: int = Field(
        640, ge=160, le=1920, description="Longer side of a snapshot, unless less is asked for."
    )
