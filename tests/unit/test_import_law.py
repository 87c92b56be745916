"""The law of imports in pyproject.toml covers what the docstrings claim."""

import ast
import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("contract", "imaging", "objectstore", "service", "edge", "cloud", "bridge")
LAWS = ("pure modules do no input or output", "what decides when to try again knows no clock")

_CLAIM = re.compile(r"\bPURE[.,:]")
"""A claim without an exception; "PURE but for" names what the law cannot hold."""


def claimed() -> set[str]:
    found = set()
    for package in PACKAGES:
        for file in (CHECKOUT / package).rglob("*.py"):
            text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            if _CLAIM.search(text):
                found.add(".".join(file.relative_to(CHECKOUT).with_suffix("").parts))
    return found


def test_every_module_that_says_pure_is_held_to_it() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    held = [
        module
        for contract in contracts
        if contract["name"].startswith(LAWS)
        for module in contract["source_modules"]
    ]
    covered = {one for one in claimed() for law in held if one == law or one.startswith(law + ".")}
    assert len(covered) > 80
    assert claimed() - covered == set()


def test_the_law_of_pure_modules_holds_for_what_they_import_as_well() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (pure,) = [one for one in contracts if one["name"].startswith(LAWS[0])]
    assert not pure.get("allow_indirect_imports", False)


def test_a_module_of_service_is_pure_or_forbidden_to_pure_ones() -> None:
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (pure,) = [one for one in contracts if one["name"].startswith(LAWS[0])]
    modules = {f"service.{file.stem}" for file in (CHECKOUT / "service").glob("*.py")}
    assert modules - {"service.__init__"} - claimed() == {
        one for one in pure["forbidden_modules"] if one.startswith("service.")
    }
