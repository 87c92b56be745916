"""What a pydantic schema says about its keys, in words: sections, types, bounds, units, defaults.

PURE. Used by whoever explains a configuration or a message: error hints, `check-config`, the
generated references of `service.documents`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

UNITS = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_bytes": "bytes",
    "_px": "pixels",
    "_pixels": "pixels",
    "_share": "share",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One field of a section, with the sections that may stand under it."""

    name: str
    info: FieldInfo
    kind: Literal["value", "section", "optional section", "list", "map"]
    sections: tuple[type[BaseModel], ...]

    @property
    def unit(self) -> str:
        """By the ending of the name; empty where there is none."""
        return next((word for end, word in UNITS.items() if self.name.endswith(end)), "")

    @property
    def default(self) -> object:
        """The default value; `REQUIRED` if there is none."""
        if self.info.is_required():
            return REQUIRED
        return self.info.get_default(call_default_factory=True)


REQUIRED = "(required)"


def keys(section: type[BaseModel]) -> Iterator[Key]:
    """The fields of `section` in the order of the schema."""
    for name, info in section.model_fields.items():
        inner = sections_in(info.annotation)
        yield Key(name=name, info=info, kind=_kind(info, inner), sections=inner)


def _kind(
    info: FieldInfo, inner: tuple[type[BaseModel], ...]
) -> Literal["value", "section", "optional section", "list", "map"]:
    if not inner:
        return "value"
    origins = {get_origin(info.annotation), *map(get_origin, get_args(info.annotation))}
    if tuple in origins:
        return "list"
    if origins & {dict, Mapping}:
        return "map"
    return "optional section" if type(None) in get_args(info.annotation) else "section"


def sections_in(annotation: Any) -> tuple[type[BaseModel], ...]:  # any type expression
    """The sections that a type expression mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(found for part in get_args(annotation) for found in sections_in(part))


def type_words(annotation: Any) -> str:  # any type expression
    """`whole number`, `text`, `one of a, b`, `list of text` ..."""
    parts = get_args(annotation)
    words = _GENERIC.get(get_origin(annotation))
    if words is not None:
        return words(parts)
    if isinstance(annotation, NewType):
        return type_words(annotation.__supertype__)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "one of " + ", ".join(annotation)
    return _PLAIN.get(getattr(annotation, "__name__", ""), str(annotation))


def _union_words(parts: tuple[Any, ...]) -> str:
    return " or ".join(dict.fromkeys(type_words(p) for p in parts if p is not type(None)))


def _map_words(parts: tuple[Any, ...]) -> str:
    return "map of " + type_words(parts[1])


def _tuple_words(parts: tuple[Any, ...]) -> str:
    if parts[-1] is Ellipsis:
        return "list of " + type_words(parts[0])
    return "[" + ", ".join(type_words(part) for part in parts) + "]"


_PLAIN = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "path",
    "AwareDatetime": "time (RFC 3339)",
}


_GENERIC: dict[object, Callable[[tuple[Any, ...]], str]] = {
    Annotated: lambda parts: type_words(parts[0]),
    Literal: lambda parts: "one of " * (len(parts) > 1) + ", ".join(map(str, parts)),
    tuple: _tuple_words,
    Union: _union_words,
    UnionType: _union_words,
    dict: _map_words,
    Mapping: _map_words,
}


def bounds(info: FieldInfo) -> str:
    """`1 to 16`, `at least 3 items`; empty if the schema sets none."""
    facts = _constraints(info)
    lengths = "min_length" in facts or "max_length" in facts
    items = (" characters" if _is_text(info.annotation) else " items") if lengths else ""
    low = facts.get("ge", facts.get("gt", facts.get("min_length")))
    high = facts.get("le", facts.get("lt", facts.get("max_length")))
    if low is not None and high is not None:
        return f"{plain(low)} to {plain(high)}{items}"
    if low is not None:
        return f"at least {plain(low)}{items}"
    return "" if high is None else f"at most {plain(high)}{items}"


def _is_text(annotation: Any) -> bool:  # any type expression
    return annotation is str or {str, type(None)} <= {*get_args(annotation)}


def _constraints(info: FieldInfo) -> Mapping[str, object]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length")
    metadata = [*info.metadata]
    if get_origin(info.annotation) in (Union, UnionType):  # `Bounded | None`
        for part in get_args(info.annotation):
            metadata += getattr(part, "__metadata__", ())
    for item in tuple(metadata):
        metadata += getattr(item, "metadata", [])
    return {n: getattr(m, n) for m in metadata for n in names if getattr(m, n, None) is not None}


def plain(value: object) -> str:
    """A value as a person writes it: large whole numbers keep all digits, floats lose `.0`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
