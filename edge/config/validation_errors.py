"""Validation errors in plain words, each with its path and what to do about it.

PURE. Values are quoted only where they cannot be a secret: an unknown key is named without its
value.
"""

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge.config.shape import Location, key_at, sections_at
from edge.errors import ConfigProblem
from service.fields import Key, bounds, keys, type_words

WHOLE = "configuration"


def validation_errors(error: ValidationError) -> tuple[ConfigProblem, ...]:
    """Every error at once, in the order of the schema; one fault is one problem."""
    errors = error.errors()
    caused = {details["loc"][:n] for details in errors for n in range(len(details["loc"]))}
    found: dict[ConfigProblem, None] = {}
    for details in errors:
        if not (details["type"] == "too_short" and details["loc"] in caused):
            found[_in_pixels(details) or _problem(details)] = None
    return tuple(found)


def _in_pixels(details: ErrorDetails) -> ConfigProblem | None:
    """Of a corner beyond 1: the same for every corner of the outline."""
    location = details["loc"]
    if details["type"] != "less_than_equal" or location[-3:-2] not in (("polygon",), ("points",)):
        return None
    return ConfigProblem(
        path=dotted(location[:-2]),
        problem="has corners beyond 1, which look like pixels",
        hint="shares of the picture are meant: divide x by its width and y by its height",
    )


def _problem(details: ErrorDetails) -> ConfigProblem:
    location = details["loc"]
    problem = _message(details)
    return ConfigProblem(path=dotted(location), problem=problem, hint=_hint(details, location))


def dotted(location: Location) -> str:
    """`deliver.store.bucket`, `cameras.gate.zones[0].id`: without pydantic's own marks."""
    text = ""
    for position, step in enumerate(location):
        if isinstance(step, int):
            text += f"[{step}]"
        elif not _is_mark(location[:position], step):
            text += f".{step}" if text else step
    return text or WHOLE


def _is_mark(before: Location, step: str) -> bool:
    """Whether pydantic added `step`: the chosen variant of a union, or that a key is wrong."""
    names = {name for section in sections_at(before) for name in section.model_fields}
    return step == "[key]" or ("type" in names and step not in names and before[-1:] == ("store",))


_MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "is required",
    "greater_than_equal": "{} is too small",
    "greater_than": "{} is too small",
    "less_than_equal": "{} is too large",
    "less_than": "{} is too large",
    "literal_error": "{} is not known here",
    "union_tag_invalid": "its `type` is not known here",
    "union_tag_not_found": "its `type` is missing",
    "too_short": "is too short",
    "string_too_short": "is too short",
    "too_long": "is too long",
    "string_too_long": "is too long",
}
"""By pydantic's kind of error; `{}` is the value."""


def _message(details: ErrorDetails) -> str:
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    return _MESSAGES.get(details["type"], "{} does not fit").format(_quoted(details["input"]))


def _hint(details: ErrorDetails, location: Location) -> str:
    if details["type"] == "extra_forbidden":
        return _known_keys(location)
    if details["type"] in _HINTS:
        return _HINTS[details["type"]]
    if location and location[-1] == "[key]":
        return "a name in quotes, 1 to 64 of a-z 0-9 _ -"
    key = key_at(location)
    return details["msg"] if key is None else _wanted(key, details)


_HINTS = {
    "union_tag_invalid": "type: dir or type: s3",
    "union_tag_not_found": "type: dir or type: s3",
    "value_error": "",
}


def _wanted(key: Key, details: ErrorDetails) -> str:
    if key.kind in ("section", "optional section"):
        return "a section: its keys stand indented below it"
    wanted = f"{type_words(key.info.annotation)} {bounds(key.info)}".strip()
    return wanted + _close(details["input"], details.get("ctx", {}))


def _close(value: object, context: dict[str, Any]) -> str:
    """A near miss among the allowed words."""
    allowed = str(context.get("expected", "")).replace(" or ", ",").split(",")
    words = [word.strip("' ") for word in allowed]
    near = get_close_matches(str(value).lower(), words, 1)
    if not near:
        return ""
    return f"; in quotes: '{value}'" if str(value) == near[0] else f"; did you mean {near[0]!r}?"


def _known_keys(location: Location) -> str:
    names = [key.name for section in sections_at(location[:-1]) for key in keys(section)]
    near = get_close_matches(str(location[-1]).lower(), names, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "known here: " + ", ".join(dict.fromkeys(names))


def _quoted(value: object) -> str:
    if value is None:
        return "an empty value"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
