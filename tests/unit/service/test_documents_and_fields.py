"""Tables of generated documents, and what a schema says about its keys."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NewType

import pytest
from pydantic import BaseModel, Field

from service.documents import model_tables, table, update
from service.fields import bounds, keys, type_words

Name = NewType("Name", str)


class Inner(BaseModel):
    """Stands in
    two places.

    Only the first paragraph is shown."""

    wait_s: float = Field(2.0, ge=1, lt=60, description="How long.")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Outer(BaseModel):
    """The whole."""

    name: Name
    kind: Literal["a"] = "a"
    text: str | None = Field(None, max_length=8)
    share: Annotated[float, Field(ge=0, le=1)] | None = None
    words: tuple[Annotated[str, Field(max_length=3)], ...] = Field((), min_length=2)
    first: Inner = Field(default_factory=Inner)
    second: Inner = Field(default_factory=Inner)
    colours: Mapping[str, Annotated[Colour, Field(strict=False)]] = Field(default_factory=dict)
    by_name: Mapping[str, Inner] = Field(default_factory=dict)


def test_a_table_is_one_line_per_row_whatever_the_cells_contain() -> None:
    assert table(("a", "b"), [("x | y", "two\nlines")]).splitlines() == [
        "| a | b |",
        "|---|---|",
        "| x \\| y | two lines |",
    ]


def test_types_and_bounds_are_said_in_words() -> None:
    said = {
        key.name: f"{type_words(key.info.annotation)} {bounds(key.info)}".strip()
        for key in keys(Outer)
    }
    assert said == {
        "name": "text",
        "kind": "a",
        "text": "text at most 8 characters",
        "share": "number 0 to 1",
        "words": "list of text at least 2 items",
        "first": "section",
        "second": "section",
        "colours": "map of one of red, blue",
        "by_name": "map of section",
    }


def test_a_section_has_one_table_under_every_path_where_it_stands() -> None:
    text = model_tables(Outer, "top", 3)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "### top",
        "### `first`, `second`, `by_name.<id>`",
    ]
    assert "| `wait_s` | number 1 to 60 | seconds | `2.0` | How long. |" in text
    assert "Stands in two places." in text
    assert "Only the first" not in text


def test_stale_documents_are_named_and_then_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, stale, absent = (tmp_path / name for name in ("fresh.md", "stale.md", "new/absent.md"))
    fresh.write_text("same")
    stale.write_text("old")
    documents = {fresh: "same", stale: "new", absent: "new"}
    assert update(documents, ["--check"]) == 1
    assert capsys.readouterr().out == f"stale: {stale}\nstale: {absent}\n"
    assert stale.read_text() == "old"
    assert update(documents, []) == 0
    assert (stale.read_text(), absent.read_text()) == ("new", "new")
    assert update(documents, ["--check"]) == 0
