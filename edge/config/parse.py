"""YAML to plain data, safely: no tags that build objects, no repeated keys, no alias bombs.

PURE. Input is at most `MAX_BYTES`; aliases may repeat a part, but not blow the document up beyond
`MAX_NODES`. Everything wrong is a `ConfigProblem`.
"""

from collections.abc import Hashable

import yaml

from edge.errors import ConfigError, ConfigProblem

MAX_BYTES = 1_048_576
MAX_NODES = 50_000

MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML's conversions raise for a value that its tag does not fit, such as `!!timestamp x`
or `0x_`; it has no error of its own for that."""

Data = dict[str, object]


class _Loader(yaml.SafeLoader):
    """Notes repeated keys, of which YAML parsers silently keep the last."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.problems: list[ConfigProblem] = []

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen and key.value != "<<":
                where = f"line {key.start_mark.line + 1}"
                self.problems.append(
                    ConfigProblem(path=where, problem=f"key {key.value!r} repeats", hint="keep one")
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse(document: bytes) -> tuple[Data, tuple[ConfigProblem, ...]]:
    """The data and what is dubious about it; raises `ConfigError` where there is no data at all."""
    if len(document) > MAX_BYTES:
        raise _error(f"has {len(document)} bytes", f"at most {MAX_BYTES}")
    try:
        return _construct(_Loader(document.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise _error(f"is no UTF-8 text: {error}", "save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        raise _error(_words(error), "check indentation, colons and quotes") from error
    except (yaml.YAMLError, *MISFITS) as error:
        raise _error(f"is no YAML: {error}", "") from error
    except RecursionError as error:
        raise _error("is nested too deeply", "") from error


def _construct(loader: _Loader) -> tuple[Data, tuple[ConfigProblem, ...]]:
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, ()
        if _size(node, {}) > MAX_NODES:
            raise _error(f"grows beyond {MAX_NODES} values by its aliases", "write them out")
        data = loader.construct_document(node)
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise _error(f"is a {type(data).__name__}", "sections such as `intake:` are expected")
    return data, tuple(loader.problems)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values after aliases are written out; a node that contains itself counts as endless."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = MAX_NODES + 1
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _words(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"is no YAML: {where}{error.problem or error.context}"


def _error(problem: str, hint: str) -> ConfigError:
    return ConfigError((ConfigProblem(path="document", problem=problem, hint=hint),))
