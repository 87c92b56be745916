"""The documents name what is there, and the generated ones are fresh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import document as bridge_document
from cloud import document as cloud_document
from edge.config import document
from tools.build import schemas
from tools.build.references import __main__ as references

CHECKOUT = Path(__file__).resolve().parents[2]
MADE_WHILE_RUNNING = ("var/", "out/")
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*")


def texts() -> list[Path]:
    named = [CHECKOUT / name for name in ("ARCHITECTURE.md", "README.md", "CONTRIBUTING.md")]
    found = [*named, *sorted((CHECKOUT / "docs").rglob("*.md"))]
    return [path for path in found if path.exists()]


def quoted_paths(text: str) -> Iterator[str]:
    """What stands in backticks and is spelled like a path of the checkout.

    A topic, an object key or a file of the reader's own is none: its first step is no name here.
    """
    for quoted in re.findall(r"`([^`\n]+)`", text):
        ours = (CHECKOUT / quoted.split("/")[0]).exists() or quoted.endswith((".py", ".md"))
        if PATH.fullmatch(quoted) and ours and not quoted.startswith(MADE_WHILE_RUNNING):
            yield quoted


def linked_paths(text: str) -> Iterator[str]:
    """The targets of Markdown links that lead to files."""
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            yield target


@pytest.mark.parametrize("text", texts(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_path_that_a_document_names_exists(text: Path) -> None:
    words = text.read_text(encoding="utf-8")
    missing = [path for path in quoted_paths(words) if not (CHECKOUT / path).exists()]
    missing += [path for path in linked_paths(words) if not (text.parent / path).exists()]
    assert missing == []


def tables(text: str) -> Iterator[list[str]]:
    """The rows of each table outside of code."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for block in re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE):
        yield block.splitlines()


@pytest.mark.parametrize("text", texts(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_row_of_a_table_has_the_cells_of_its_head(text: Path) -> None:
    for rows in tables(text.read_text(encoding="utf-8") + "\n"):
        cells = {row: len(re.split(r"(?<!\\)\|", row)) for row in rows}
        assert [row for row, count in cells.items() if count != cells[rows[0]]] == []


def test_the_map_names_every_package_and_room() -> None:
    named = set(quoted_paths((CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")))
    packages = {f"{path.parent.name}/" for path in CHECKOUT.glob("*/__init__.py")} - {"tests/"}
    assert packages <= named
    rooms = {
        str(path.parent.relative_to(CHECKOUT))
        for side in ("edge", "cloud")
        for path in CHECKOUT.glob(f"{side}/*/__init__.py")
    }
    assert rooms - named == set()


def test_a_path_that_is_gone_would_be_found() -> None:
    words = (
        "`edge/gone.py`, `egde/x.py`, [it](docs/gone.md), `cameras/<id>/image`, `a/b`, `/metrics`"
    )
    found = [*quoted_paths(words), *linked_paths(words)]
    assert found == ["edge/gone.py", "egde/x.py", "docs/gone.md"]


GENERATED = {
    **document.documents(),
    **bridge_document.documents(),
    **cloud_document.documents(),
    **references.documents(),
    **schemas.documents(),
}


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_the_generated_documents_are_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATED[path], "stale: run 'make docs'"


@pytest.mark.parametrize(
    "path", [path for path in GENERATED if path.suffix == ".md"], ids=lambda path: path.name
)
def test_no_generated_page_says_a_type_in_pythons_words(path: Path) -> None:
    assert re.findall(r"typing\.\w+|collections\.abc|FieldInfo|<enum|<class", GENERATED[path]) == []


def test_no_generated_document_is_left_over() -> None:
    assert set(schemas.FOLDER.iterdir()) <= set(GENERATED)
