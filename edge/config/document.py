"""Writes `config/edge.example.yaml` and `docs/config.md` from the schema.

`python -m edge.config.document` writes both, `--check` says (exit 1) whether they are stale. In the
example `##` begins an explanation and `#` a part that may be switched on; the rest are the
defaults, so the file loads to exactly the default configuration.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

from edge.config.schema import Config, S3Store, Section
from edge.config.shape import REQUIRED, Key, bounds, keys, type_words

ROOT = Path(__file__).parents[2]
WIDTH = 100

_CAMERA = """\
gate:
  kind: stream
  zones:
    - id: drive
      polygon: [[0.1, 0.4], [0.9, 0.4], [0.9, 1.0], [0.1, 1.0]]
      inertia_s: 1.0
  rules:
    - id: person-on-drive
      labels: [person]
      zones: [drive]
"""


def documents() -> dict[Path, str]:
    """What ought to stand in the files, by path."""
    return {
        ROOT / "config/edge.example.yaml": example(),
        ROOT / "docs/config.md": reference(),
    }


def example() -> str:
    """The commented example."""
    return "\n".join([*_EXAMPLE_HEAD, *_section(Config, 0), ""])


def reference() -> str:
    """A table per section, each section once, under every path where it stands."""
    places: dict[type[Section], list[str]] = {}
    for path, section in _walk(Config, ""):
        places.setdefault(section, []).append(path or "top level")
    parts = [_table(section, paths) for section, paths in places.items()]
    return "\n".join([_REFERENCE_HEAD, *parts])


def _section(section: type[Section], indent: int) -> Iterator[str]:
    for key in keys(section):
        if indent == 0:
            yield ""
        yield from _comment(key, indent)
        yield from _entry(key, indent)


def _comment(key: Key, indent: int) -> Iterator[str]:
    pad = " " * indent + "## "
    facts = "; ".join(_facts(key))
    text = f"{_meaning(key)} ({facts})" if facts else _meaning(key)
    yield from textwrap.wrap(text, WIDTH, initial_indent=pad, subsequent_indent=pad)


def _facts(key: Key) -> Iterator[str]:
    if key.kind != "value":
        return
    yield " ".join(part for part in (type_words(key.info.annotation), bounds(key.info)) if part)
    if key.unit:
        yield key.unit
    yield "required" if key.default == REQUIRED else f"default {_flow(_yaml_value(key.default))}"


def _entry(key: Key, indent: int) -> Iterator[str]:
    pad = " " * indent
    match key.kind:
        case "value":
            yield f"{pad}{key.name}: {_flow(_yaml_value(key.default))}"
        case "optional section":
            body = [f"{key.name}:", *_section(key.sections[0], 2)]
            yield from (f"{pad}# {line}" for line in body)
        case "map":
            yield f"{pad}{key.name}:"
            yield from (f"{pad}  # {line}" for line in _CAMERA.splitlines())
        case "list":
            yield from _list(key, indent)
        case "section":
            yield f"{pad}{key.name}:"
            yield from _section(key.sections[0], indent + 2)
            if S3Store in key.sections:
                yield f"{pad}## Or, instead of the directory:"
                yield from (f"{pad}# {line}" for line in _s3())


def _list(key: Key, indent: int) -> Iterator[str]:
    pad = " " * indent
    value = _yaml_value(key.default)
    if not value:
        yield f"{pad}{key.name}: {_flow(value)}"
        return
    yield f"{pad}## Keys of each entry:"
    for inner in keys(key.sections[0]):
        facts = "; ".join(_facts(inner))
        text = f"{inner.name}: {_meaning(inner)} ({facts or 'a section'})"
        lead, rest = f"{pad}##   ", f"{pad}##     "
        yield from textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=rest)
    yield f"{pad}{key.name}:"
    dumped = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=WIDTH)
    yield from (f"{pad}  {line}" for line in dumped.splitlines())


def _s3() -> Iterator[str]:
    yield "store:"
    for key in keys(S3Store):
        yield from _comment(key, 2)
        value = {"type": "s3", "bucket": "evidence"}.get(key.name) or _flow(
            _yaml_value(key.default)
        )
        yield f"  {key.name}: {value}"


def _yaml_value(value: object) -> object:
    if isinstance(value, Section):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_yaml_value(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _meaning(key: Key) -> str:
    if key.info.description:
        return key.info.description
    return "Variant." if key.name == "type" else key.name


def _walk(section: type[Section], path: str) -> Iterator[tuple[str, type[Section]]]:
    yield path, section
    for key in keys(section):
        name = f"{path}.{key.name}" if path else key.name
        name += {"list": "[]", "map": ".<id>"}.get(key.kind, "")
        for inner in key.sections:
            yield from _walk(inner, name)


def _table(section: type[Section], paths: list[str]) -> str:
    title = ", ".join(f"`{path}`" if path != "top level" else path for path in paths)
    intro = (section.__doc__ or "").strip().splitlines()[0] if section.__doc__ else ""
    rows = [_row(key) for key in keys(section)]
    head = "| key | value | unit | default | meaning |\n|---|---|---|---|---|"
    return "\n".join(["", f"## {title}", "", *([intro, ""] if intro else []), head, *rows])


def _row(key: Key) -> str:
    kind = f"{type_words(key.info.annotation)} {bounds(key.info)}".strip()
    default = "" if key.kind == "section" else _default(key)
    return f"| `{key.name}` | {kind} | {key.unit} | {default} | {_meaning(key)} |"


def _default(key: Key) -> str:
    if key.default == REQUIRED:
        return "required"
    if key.kind == "list" and key.default:
        return "see the example"
    return "absent" if key.default is None else f"`{_flow(_yaml_value(key.default))}`"


def main(arguments: list[str]) -> int:
    """Writes or checks; the exit status."""
    stale = [
        path
        for path, text in documents().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents()[path], encoding="utf-8")
        sys.stdout.write(f"{'stale' if '--check' in arguments else 'written'}: {path}\n")
    return 1 if stale and "--check" in arguments else 0


_EXAMPLE_HEAD = [
    "## Stillwatch edge: every key with its default.",
    "## Generated by `python -m edge.config.document`; copy it and keep what you change.",
    "## `##` explains, `#` is a part that you may switch on.",
    "## A variable STILLWATCH__SECTION__KEY overrides a key, as in",
    "##   STILLWATCH__INTAKE__BROKER__HOST=broker.lan",
    '##   STILLWATCH__INTAKE__TOPICS=["yard/{camera}/jpg"]',
    "## Check with: python -m edge check-config --config FILE",
]

_REFERENCE_HEAD = """# Configuration of the edge

Generated by `python -m edge.config.document`. YAML; unknown and repeated keys are refused, and
every problem is said at once with its path. A key that is absent, or a section that is empty, has
its default. `STILLWATCH__SECTION__KEY=value` in the environment overrides the file: levels are
split by two underscores, `[...]`, `{...}` and `null` are read as YAML, an empty variable counts as
not given. `python -m edge check-config` prints the effective values with their origin.
[`config/edge.example.yaml`](../config/edge.example.yaml) shows every key."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
