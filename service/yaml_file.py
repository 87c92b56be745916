"""A YAML file of an operator: no key twice, and one kind of error.

SHELL (reads the file). A byte order mark at its beginning is passed over. Called by the cloud's
`settings` and `stages.rules`, and by the bridge's `config`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from service.yaml_safely import MAX_BYTES, MISFITS, TooManyValues, construct


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
        document = construct(text)
    except TooManyValues as error:
        raise YamlError(f"{error}: write them out") from error
    except (yaml.YAMLError, *MISFITS) as error:
        raise YamlError(str(error)) from error
    if document is None:
        return None
    for one in document.repeated:
        raise YamlError(f"line {one.line}: key {one.key[:80]!r} repeats: keep one")
    return document.data
