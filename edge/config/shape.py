"""Where in the edge's schema a location of pydantic's leads; used by the hints of errors."""

from typing import get_args, get_origin

from pydantic import BaseModel

from edge.config.schema import EdgeConfig
from service.fields import Key, keys, sections_in

Location = tuple[int | str, ...]


def sections_at(location: Location) -> tuple[type[BaseModel], ...]:
    """The sections that may stand at a pydantic location; list indices and map keys are passed."""
    here: tuple[type[BaseModel], ...] = (EdgeConfig,)
    named = False
    for step in location:
        if named:  # a camera may be called as one of its keys is
            named = False
        elif any(step in section.model_fields for section in here):
            fields = [s.model_fields[str(step)] for s in here if step in s.model_fields]
            named = any(get_origin(field.annotation) is dict for field in fields)
            here = tuple(found for field in fields for found in sections_in(field.annotation))
        else:
            here = tuple(s for s in here if _is_tagged(s, step)) or here
    return here


def _is_tagged(section: type[BaseModel], step: int | str) -> bool:
    """Whether `section` is the variant of a union whose `type` is `step`."""
    tag = section.model_fields.get("type")
    return tag is not None and step in get_args(tag.annotation)


def key_at(location: Location) -> Key | None:
    """The field that a pydantic location ends in, if the schema knows it."""
    names = [step for step in location if isinstance(step, str)]
    for section in sections_at(location[:-1]):
        for key in keys(section):
            if names and key.name == names[-1]:
                return key
    return None
