"""A YAML file of an operator, safely: no tags that build objects, and one kind of error.

SHELL (reads the file). A byte order mark at its beginning is passed over. Called by the cloud's
`settings` and `stages.rules`, and by the bridge's `config`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

MAX_BYTES = 1_048_576

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
    except (OSError, UnicodeDecodeError) as error:
        raise YamlError(str(error)) from error


def yaml_of(text: str) -> object:
    """The document in a text; raises `YamlError` (no other)."""
    try:
        found: object = yaml.safe_load(text)
    except (yaml.YAMLError, *_MISFITS) as error:
        raise YamlError(str(error)) from error
    return found
