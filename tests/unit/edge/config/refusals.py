"""What `read` says against a document."""

import pytest

from edge.config.load import read
from edge.errors import ConfigError, ConfigProblem


def problems(document: str, environ: dict[str, str] | None = None) -> dict[str, ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        read(document.encode(), environ or {})
    return {problem.path: problem for problem in caught.value.problems}


def refused(document: bytes) -> tuple[ConfigProblem, ...] | None:
    """The problems; None if the document is accepted."""
    try:
        read(document, {})
    except ConfigError as error:
        return error.problems
    return None
