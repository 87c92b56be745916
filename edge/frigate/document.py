"""A Frigate configuration as plain data, with the line on which each key stands.

PURE. YAML is read by `edge.config.parse`, with its limits: no tags that build objects, no alias
bombs. Anchors and merge keys are resolved. Called by `translate`; raises `ConfigError`.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from edge.config.parse import Data, parse
from edge.errors import ConfigError, ConfigProblem

Path = tuple[str, ...]

_VARIABLE = re.compile(r"\{(FRIGATE_\w+)\}")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Remark:
    """What one key of the document says that has no equivalent here."""

    path: Path
    line: int | None
    text: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{'.'.join(self.path)}: {self.text}"


@dataclass(slots=True)
class Notes:
    """What is found on the way: remarks for the reader, and problems that end the import."""

    lines: Mapping[Path, int]
    remarks: list[Remark] = field(default_factory=list)
    problems: list[ConfigProblem] = field(default_factory=list)

    def remark(self, path: Path, text: str) -> None:
        """Once for each path and text; of what cameras inherit, once for all of them."""
        general = _general(path)
        if path not in self.lines and general in self.lines:
            path = general
        remark = Remark(path, self._line(path), text)
        if remark not in self.remarks:
            self.remarks.append(remark)

    def refuse(self, path: Path, problem: str, hint: str) -> None:
        """What cannot be translated and must not be lost in silence."""
        line = self._line(path)
        where = f"line {line}, {'.'.join(path)}" if line else ".".join(path)
        found = ConfigProblem(path=where, problem=problem, hint=hint)
        if found not in self.problems:
            self.problems.append(found)

    def _line(self, path: Path) -> int | None:
        """Of the key itself; of what a camera inherits, where it stands for all of them."""
        return self.lines.get(path) or self.lines.get(_general(path))


def _general(path: Path) -> Path:
    """Where a key of a camera stands if it holds for all."""
    return path[2:] if path[:1] == ("cameras",) else path


def read_document(document: bytes) -> tuple[Data, Notes]:
    """The data, and notes that know its lines."""
    data, repeated = parse(document)
    if not isinstance(data.get("cameras"), dict) or not data["cameras"]:
        problem, hint = "has no cameras", "is this the config.yml of Frigate?"
        raise ConfigError((ConfigProblem(path="cameras", problem=problem, hint=hint),))
    root = yaml.compose(document.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    notes = Notes(dict(_lines(root, ())))
    for found in repeated:
        notes.remark((found.path,), f"{found.problem}: the last one was taken")
    return data, notes


def _lines(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, int]]:
    """Each key's path and line; what is merged in comes first, so that it is overridden."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == "<<":
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for one in merged:
                yield from _lines(one, path)
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value))


def under(data: object, *keys: str) -> object:
    """What stands at the end of `keys`; None if there is nothing."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def section(data: object, *keys: str) -> Data:
    """The mapping there, its keys as text; empty if there is none."""
    found = under(data, *keys)
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, which Frigate also takes as one text with commas."""
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def number(value: object) -> float | None:
    """A finite number, also one that was written as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def is_host(text: str) -> bool:
    """A host's name or address, IPv6 without brackets; as gateway and bridge both take it."""
    if ":" not in text:
        labels = text.split(".")
        fits = all(1 <= len(label) <= _LONGEST_LABEL for label in labels)
        return fits and _HOST_NAME.fullmatch(text) is not None
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def merged(own: object, general: object) -> object:
    """What holds for a camera: its own keys, and those for all cameras where it has none."""
    if isinstance(own, dict) and isinstance(general, dict):
        both = {**general, **own}
        return {key: merged(own.get(key), general.get(key)) for key in both}
    return general if own is None else own


def filled(text: str, variables: Mapping[str, str]) -> tuple[str, Sequence[str]]:
    """`text` with its `{FRIGATE_...}` replaced, and those that nobody has set."""
    names = _VARIABLE.findall(text)
    missing = tuple(name for name in names if name not in variables)
    return _VARIABLE.sub(lambda m: variables.get(m[1], m[0]), text), missing
