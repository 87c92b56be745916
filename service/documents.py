"""Generated documents: Markdown tables, and writing them or checking that they are fresh.

A generator gives its documents by path; `update` writes those that are stale, or with `--check`
only names them. `model_tables` makes the reference of a pydantic model, a table per section.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel

from service.fields import REQUIRED, Key, bounds, keys, type_words

ROOT = Path(__file__).parents[1]
"""The checkout; documents are generated nowhere else."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table without a final newline; a `|` within a cell is escaped."""
    lines = [_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def update(documents: Mapping[Path, str], arguments: Sequence[str]) -> int:
    """Writes what is stale, or with `--check` names it and returns 1; the exit status."""
    check = "--check" in arguments
    stale = [path for path, text in documents.items() if _read(path) != text]
    for path in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents[path], encoding="utf-8")
        sys.stdout.write(f"{'stale' if check else 'written'}: {path}\n")
    return 1 if stale and check else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def model_tables(model: type[BaseModel], top: str, level: int = 2) -> str:
    """A table per section, each section once, under every path where it stands; `top` is the title
    of the first, `level` that of the headings."""
    places: dict[type[BaseModel], list[str]] = {}
    for path, section in _walk(model, ""):
        places.setdefault(section, []).append(f"`{path}`" if path else top)
    sign = "#" * level
    return "\n\n".join(f"{sign} {_section(section, paths)}" for section, paths in places.items())


def _walk(section: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, section
    for key in keys(section):
        name = f"{path}.{key.name}" if path else key.name
        name += {"list": "[]", "map": ".<id>"}.get(key.kind, "")
        for inner in key.sections:
            yield from _walk(inner, name)


def _section(section: type[BaseModel], paths: list[str]) -> str:
    intro = [" ".join(part.split()) for part in (section.__doc__ or "").split("\n\n")[:1] if part]
    rows = [_row(key) for key in keys(section)]
    body = table(("key", "value", "unit", "default", "meaning"), rows)
    return "\n\n".join([", ".join(paths), *intro, body])


def _row(key: Key) -> tuple[str, ...]:
    kind = f"{type_words(key.info.annotation)} {bounds(key.info)}".strip()
    default = "" if key.kind == "section" else _default(key)
    return f"`{key.name}`", kind, key.unit, default, meaning(key)


def meaning(key: Key) -> str:
    """Its description; the name where the schema has none."""
    if key.info.description:
        return key.info.description
    return "Variant." if key.name == "type" else key.name


def _default(key: Key) -> str:
    if key.default == REQUIRED:
        return "required"
    if key.kind == "list" and key.default:
        return "see the example"
    return "absent" if key.default is None else f"`{flow(yaml_value(key.default))}`"


def yaml_value(value: object) -> object:
    """A default as YAML has it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [yaml_value(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def flow(value: object) -> str:
    """YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip()
