"""The types of the values in messages, with their bounds.

PURE. Whatever passes can be stored, compared, moved to another time zone and written again. Bounds
are far beyond what any writer of ours writes: they are there for those who are not ours.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a clock without a battery begins."""

_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_ROUNDING = 0.01
"""By so much a quantised network's score may lie beyond 0..1."""


def _in_range(moment: datetime) -> datetime:
    """Near the years 1 and 9999 a time exists that has no name in another zone."""
    try:
        known = _EARLIEST <= moment.astimezone(UTC) < _LATEST
    except OverflowError:
        known = False
    if not known:
        raise ValueError("a time outside the years 1970 to 2199")
    return moment


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("half a character (a lone surrogate)") from None
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return number


def _score(number: float) -> float:
    """What rounding put beyond the bounds is brought back."""
    if not -_ROUNDING <= number <= 1 + _ROUNDING:
        raise ValueError("no score 0..1")
    return min(max(number, 0.0), 1.0)


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
Finite = Annotated[float, AfterValidator(_finite)]
Score = Annotated[float, AfterValidator(_score)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Age = Annotated[float, Field(ge=0, lt=2**40), AfterValidator(_finite)]
"""Seconds."""

Size = Annotated[int, Field(gt=0, lt=2**31)]
"""Bytes or pixels of one picture."""

Word = Annotated[str, Field(max_length=512), AfterValidator(_encodable)]
"""A label, an id, a key, a version."""

Sentence = Annotated[str, Field(max_length=4096), AfterValidator(_encodable)]
"""For an operator."""

Sentences = Annotated[tuple[Sentence, ...], Field(max_length=256)]
Words = Annotated[tuple[Word, ...], Field(max_length=256)]
