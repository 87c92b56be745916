"""YAML to plain data, safely: no tags that build objects, no alias bombs; repeated keys are named.

PURE. Size and keys are looked at before anything is built. Called by `edge.config.parse` and
`service.yaml_file`, which put what is wrong into words of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

MAX_BYTES = 1_048_576
MAX_VALUES = 50_000
"""With aliases written out, which merge keys (`<<`) copy."""

MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What PyYAML's conversions raise for a value that its tag does not fit, such as `!!timestamp x`
or `0x_`, and for a document that is too deep; it has no error of its own for that."""


class TooManyValues(yaml.YAMLError):
    """Aliases make the document larger than it may be."""

    def __init__(self) -> None:
        super().__init__(f"grows beyond {MAX_VALUES} values by its aliases")


@dataclass(frozen=True, slots=True)
class RepeatedKey:
    """A key that stands twice in one mapping, of which YAML keeps the last; `line` from 1."""

    line: int
    key: str


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """Its data, and keys of which only the last was taken."""

    data: object
    repeated: tuple[RepeatedKey, ...]


def construct(text: str) -> YamlDocument | None:
    """The document in `text`, None if there is none; raises `yaml.YAMLError` or a misfit."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        repeated: list[RepeatedKey] = []
        if _count_values(node, {}, repeated) > MAX_VALUES:
            raise TooManyValues
        return YamlDocument(loader.construct_document(node), tuple(repeated))
    finally:
        loader.dispose()


def _count_values(node: yaml.Node, known: dict[int, int], repeated: list[RepeatedKey]) -> int:
    """Values with aliases written out; a node that contains itself counts as endless."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_VALUES + 1
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        repeated += _repeated_keys(node)
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = 1 + sum(_count_values(part, known, repeated) for part in parts)
    return known[id(node)]


def _repeated_keys(node: yaml.MappingNode) -> list[RepeatedKey]:
    seen: set[str] = set()
    repeated: list[RepeatedKey] = []
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in seen:
                repeated.append(RepeatedKey(key.start_mark.line + 1, key.value))
            seen.add(key.value)
    return repeated
