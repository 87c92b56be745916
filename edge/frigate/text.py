"""YAML of what was translated, each remark above what it is about.

PURE. Called by `translate`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

import yaml

from edge.config.parse import Data
from edge.frigate.document import Notes

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Lists of plain values, and outlines, on a line."""


def written(
    head: str, general: Data, cameras: Mapping[str, Data], ids: Mapping[str, str], notes: Notes
) -> str:
    """The document; `ids` are the cameras' ids here by their names there."""
    return "\n".join(_lines(head, general, cameras, ids, notes))


def _lines(
    head: str, general: Data, cameras: Mapping[str, Data], ids: Mapping[str, str], notes: Notes
) -> Iterator[str]:
    yield f"## {head}"
    remarks = sorted(notes.remarks, key=lambda one: one.line or 0)
    for remark in remarks:
        if remark.path[:1] != ("cameras",):
            yield from _remark(str(remark), "")
    yield _dumped(general)
    yield "cameras:" if cameras else "cameras: {}"
    for name, id_ in ids.items():
        for remark in remarks:
            if remark.path[:2] == ("cameras", name):
                yield from _remark(str(remark), "  ")
        if id_ in cameras:
            yield textwrap.indent(_dumped({id_: cameras[id_]}), "  ")
    yield ""


def _remark(text: str, indent: str) -> list[str]:
    """Wrapped; a name of theirs cannot end the comment."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    lead = f"{indent}## "
    return textwrap.wrap(
        clean,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=f"{lead}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _dumped(data: Data) -> str:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=_WIDTH - 4, allow_unicode=True)
    return text.rstrip("\n")


def _list(dumper: yaml.SafeDumper, value: list[object]) -> yaml.Node:
    """On one line unless it has mappings."""
    flow = not any(isinstance(one, dict) for one in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flow)


_Dumper.add_representer(list, _list)
