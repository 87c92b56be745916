"""Where the index of alarms is kept.

PURE. A section of `cloud.settings`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from cloud.confirm.policy import StrictSection


class IndexSettings(StrictSection):
    """The database of alarms; it can be made again from the object store at any time."""

    url: str = Field(
        "sqlite:///stillwatch-index.sqlite",
        description="sqlite:///FILE (four slashes before a whole path) or "
        "postgresql://USER@HOST:PORT/NAME.",
    )
    password_file: Annotated[Path, Field(strict=False)] | None = Field(
        None, description="File with PostgreSQL's password."
    )
