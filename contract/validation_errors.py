"""Says in words what is wrong with data that a model refused. PURE."""

from __future__ import annotations

from pydantic import ValidationError


def first_error(error: ValidationError, within: str | None = None) -> str:
    """Where the first error is and what it is; an error of the whole has no place but `within`."""
    first = error.errors()[0]
    path = ".".join(map(str, first["loc"] if within is None else (within, *first["loc"])))
    return f"{path}: {first['msg']}" if path else first["msg"]
