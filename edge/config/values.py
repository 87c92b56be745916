"""What every section of the configuration is made of: the base and the common kinds of values."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contract.ids import is_name
from contract.topics import ImageTemplate


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(f"{value!r} is not 1 to 64 of a-z 0-9 _ -")
    return value


def _template(value: str) -> str:
    return ImageTemplate(value).text


Name = Annotated[str, AfterValidator(_name)]
Template = Annotated[str, AfterValidator(_template)]
Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Share, Share]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
