"""JSON and YAML that is nearly what is expected: values replaced, doubled, nested, left out.

PURE. A document is parsed, one place in it is given a hostile value as text, so that spellings can
be made that no writer of JSON makes, and it is written again.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tools.fuzz.mutate import chosen, damaged

_LONG = json.dumps("x" * 5_000)
HOSTILE = (
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\u202e"', '""', _LONG, '"a/b"', '"../../x"'),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "1e308",
        "5e-324",
        "-0.0",
        "0.5",
        "1.0000001",
    ),
    *(
        "9" * 400,
        "-" + "9" * 5_000,
        "9223372036854775807",
        "9223372036854775808",
        "-1",
        "0",
        "1e18",
    ),
    *('"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"2026-01-01"', "253402300800"),
    *('"2026-06-30T23:59:60Z"', '"1970-01-01T00:00:00Z"', '"NaN"', '"inf"', '"1_0"', '"0x10"'),
    *(
        "null",
        "true",
        "[]",
        "{}",
        "[[[]]]",
        '{"a":1,"a":2}',
        "[" * 200 + "]" * 200,
        f"[{_LONG},{_LONG}]",
    ),
    *(json.dumps(["a"] * 300), json.dumps({str(n): n for n in range(200)}), "[0,0,1,1]"),
)
_HOSTILE_YAML = (
    *(".nan", ".inf", "-.inf", "0x_", "0b", "1:99:99", "2026-99-99", "2026-02-30T25:00:00Z", "~"),
    *(
        "!!python/object/apply:os.system [x]",
        "!!binary aGk",
        "!!timestamp x",
        "!!int x",
        "!!set {a}",
    ),
    *(
        "&a [*a]",
        "*a",
        "&a {x: *a}",
        "<<: 1",
        "? [a]",
        "'",
        '"\\ud800"',
        "|2",
        "- -",
        "%YAML 9",
        "\t",
    ),
)
_Path = tuple[str | int, ...]


def json_mutated(random: Random, document: bytes) -> bytes:
    """`document`, sound JSON, with hostile values in places; sometimes bytes are damaged too."""
    text = chosen(random, (_with_hostile_value,), document.decode(), 4).encode()
    return damaged(random, text) if random.random() < 0.25 else text


def yaml_mutated(random: Random, document: bytes) -> bytes:
    """`document`, sound YAML with a key in each line, with lines damaged."""
    lines = document.decode().splitlines()
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(lines))
        lines[at : at + 1] = _lines_for(random, lines[at], lines)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    return damaged(random, text) if random.random() < 0.3 else text


def _lines_for(random: Random, line: str, lines: list[str]) -> list[str]:
    key, colon, _ = line.partition(":")
    what = random.randrange(5)
    if what <= 2:
        value = random.choice(HOSTILE if random.random() < 0.5 else _HOSTILE_YAML)
        return [f"{key}{colon or ':'} {value}"]
    if what == 3:
        return random.choice(([], [line, line], [line, random.choice(lines)]))
    return [" " * random.randrange(9) + line.strip()]


def _with_hostile_value(random: Random, text: str) -> str:
    try:
        whole: Any = {"": json.loads(text)}
    except (ValueError, RecursionError):
        return text
    path = random.choice(_paths(whole[""], ("",)))
    holder = whole
    for step in path[:-1]:
        holder = holder[step]
    last: Any = path[-1]
    what = random.randrange(8)
    if what == 0 and len(path) > 1:
        del holder[last]
        return json.dumps(whole[""])
    mark = "what is replaced"
    before, holder[last] = holder[last], mark
    value = random.choice(HOSTILE)
    if what == 1:
        value = f"[{json.dumps(before)},{value}]"
    if what == 2:
        value = (
            json.dumps(before)[:-1] + f',"a":{value}}}'
            if isinstance(before, dict) and before
            else value
        )
    return json.dumps(whole[""]).replace(json.dumps(mark), value)


def _paths(document: object, so_far: _Path) -> list[_Path]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    if isinstance(document, list):
        inner = list(enumerate(document[:50]))
    return [so_far, *(path for key, one in inner for path in _paths(one, (*so_far, key)))]
