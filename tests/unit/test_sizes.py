"""Modules, functions and constructors stay of a size that somebody reads in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = (*("bridge", "cloud", "contract", "edge", "imaging", "objectstore", "service", "tools"),)
TABLES = {"service/catalogue.py"}
"""One row after another, with nothing between them to follow."""
MODULE_LINES, FUNCTION_LINES, CONSTRUCTOR_PARAMETERS = 300, 60, 6


def modules() -> Iterator[tuple[str, str]]:
    """Path and source of each of ours that is no test."""
    for package in PACKAGES:
        for file in sorted((CHECKOUT / package).rglob("*.py")):
            yield str(file.relative_to(CHECKOUT)), file.read_text()


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path, source in modules():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path}:{node.lineno} {node.name}", node


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without `self`."""
    return len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) - 1


def test_no_module_is_too_long_but_tables() -> None:
    long = {path for path, source in modules() if len(source.splitlines()) > MODULE_LINES}
    assert long == TABLES


def test_no_function_is_too_long() -> None:
    found = (
        (where, (node.end_lineno or node.lineno) - node.lineno + 1) for where, node in functions()
    )
    assert [(where, lines) for where, lines in found if lines > FUNCTION_LINES] == []


def test_no_constructor_takes_too_much() -> None:
    made = ((where, parameters(node)) for where, node in functions() if node.name == "__init__")
    assert [(where, count) for where, count in made if count > CONSTRUCTOR_PARAMETERS] == []
