"""Reads a TensorFlow.js graph model: a JSON graph and a binary file of weights.

PURE (but for reading the two files). Weights stored as float16 are widened to float32, which loses
nothing. The binary file must be consumed to its last byte. Called by the networks' modules.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32] | npt.NDArray[np.int32]
Attribute = int | float | str | tuple[int, ...] | tuple[str, ...]


class TfjsError(Exception):
    """The files are not the graph model that was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operation. `inputs` are names of nodes; only first outputs are used by these graphs."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    def text(self, key: str) -> str:
        return str(self.attributes[key])

    def number(self, key: str) -> float:
        value = self.attributes[key]
        if isinstance(value, tuple):
            raise TfjsError(f"{self.name}: {key} is a list")
        return float(value)

    def numbers(self, key: str) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        return tuple(int(item) for item in self._items(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """An attribute that is a list of names."""
        return tuple(str(item) for item in self._items(key))

    def _items(self, key: str) -> tuple[int, ...] | tuple[str, ...]:
        value = self.attributes[key]
        if not isinstance(value, tuple):
            raise TfjsError(f"{self.name}: {key} is no list")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    nodes: Mapping[str, Node]
    constants: Mapping[str, Array]

    def with_constants(self, changed: Mapping[str, Array]) -> Graph:
        """The same graph with other values for some of its constants."""
        unknown = changed.keys() - self.constants.keys()
        if unknown:
            raise TfjsError(f"no such constants: {sorted(unknown)}")
        return replace(self, constants={**self.constants, **changed})

    def order(self, given: str, outputs: tuple[str, ...]) -> tuple[Node, ...]:
        """The nodes between the node `given` (left out) and `outputs`, inputs before users."""
        done = {given: None}
        waiting = list(reversed(outputs))
        while waiting:
            name = waiting[-1]
            missing = [need for need in self.nodes[name].inputs if need not in done]
            if missing and name not in done:
                waiting.extend(reversed(missing))
            else:
                waiting.pop()
                done.setdefault(name)
        return tuple(self.nodes[name] for name in done if name != given)


def read_graph(topology: Path, weights: Path) -> Graph:
    """The graph of a `.json` file with the constants of its `.bin` file; raises TfjsError."""
    model = json.loads(topology.read_bytes())
    entries = [entry for group in model["weightsManifest"] for entry in group["weights"]]
    nodes = [_node(raw) for raw in model["modelTopology"]["node"]]
    constants = dict(_constants(entries, weights.read_bytes()))
    bare = [node.name for node in nodes if node.op == "Const" and node.name not in constants]
    if bare:
        raise TfjsError(f"constants without weights: {bare}")
    return Graph(nodes={node.name: node for node in nodes}, constants=constants)


def _node(raw: dict[str, Any]) -> Node:
    attributes = {key: _attribute(value) for key, value in raw.get("attr", {}).items()}
    inputs = tuple(name.split(":")[0] for name in raw.get("input", ()))
    return Node(name=raw["name"], op=raw["op"], inputs=inputs, attributes=attributes)


def _attribute(raw: dict[str, Any]) -> Attribute:
    """The value of a protobuf `AttrValue` in its JSON form; kinds that no node needs are ''."""
    match raw:
        case {"s": text}:
            return _text(text)
        case {"i": number} | {"b": number}:
            return int(number)
        case {"f": number}:
            return float(number)
        case {"list": {"s": texts}}:
            return tuple(_text(text) for text in texts)
        case {"list": dict(items)}:
            return tuple(int(number) for number in items.get("i", ()))
    return ""


def _text(coded: str) -> str:
    return base64.b64decode(coded).decode()


def _constants(entries: list[dict[str, Any]], raw: bytes) -> Iterator[tuple[str, Array]]:
    """Name and value of each weight, in the order in which they lie in the file."""
    offset = 0
    for entry in entries:
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"], dtype=np.int64))
        if offset + count * stored.itemsize > len(raw):
            raise TfjsError(f"the weights end inside {entry['name']}")
        values = np.frombuffer(raw, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        yield entry["name"], values.astype(np.dtype(entry["dtype"]))
    if offset != len(raw):
        raise TfjsError(f"{len(raw) - offset} bytes of weights belong to no constant")
