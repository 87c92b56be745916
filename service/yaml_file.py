"""A YAML file of an operator, safely: no tags that build objects, no key twice, no alias bombs, and
one kind of error.

SHELL (reads the file). A byte order mark at its beginning is passed over. Called by the cloud's
`settings` and `stages.rules`, and by the bridge's `config`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

MAX_BYTES = 1_048_576
MAX_VALUES = 50_000
"""With aliases written out, which merge keys (`<<`) copy."""

_MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What PyYAML's conversions raise for a value that its tag does not fit, such as `!!timestamp x`
or `0x_`, and for a document that is too deep; it has no error of its own for that."""


class YamlError(Exception):
    """The file cannot be read or holds no YAML; the text says why."""


def read_yaml(file: Path) -> object:
    """The document, None if it is empty; raises `YamlError` (no other)."""
    return yaml_of(read_text(file))


def read_text(file: Path) -> str:
    """The file's text, of at most `MAX_BYTES`; raises `YamlError` (no other)."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise YamlError(f"over {MAX_BYTES} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise YamlError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(str(error)) from error


def yaml_of(text: str) -> object:
    """The document in a text; raises `YamlError` (no other)."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        sizes: dict[int, int] = {}
        if _count_values(node, sizes) > MAX_VALUES:
            raise YamlError(f"grows beyond {MAX_VALUES} values by its aliases: write them out")
        found: object = loader.construct_document(node)
    except (yaml.YAMLError, *_MISFITS) as error:
        raise YamlError(str(error)) from error
    return found


def _count_values(node: yaml.Node, known: dict[int, int]) -> int:
    """Values with aliases written out; a node that contains itself counts as endless.

    Raises `YamlError` for a key that stands twice, of which YAML would keep the last.
    """
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_VALUES + 1
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated_keys(node)
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = 1 + sum(_count_values(part, known) for part in parts)
    return known[id(node)]


def _refuse_repeated_keys(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in seen:
                line = key.start_mark.line + 1
                raise YamlError(f"line {line}: key {key.value[:80]!r} repeats: keep one")
            seen.add(key.value)
