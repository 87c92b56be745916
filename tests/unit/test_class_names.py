"""The law of names: in the product a name of a class stands for one class."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = (
    *("contract", "imaging", "objectstore", "service"),
    *("edge", "cloud", "bridge", "tools"),
)

_CLASS_NAME = re.compile(r"_?[A-Z]\w*[a-z]\w*")
"""As classes and type aliases are written, not constants; of private names only those of classes
count, since an alias such as `_Row` says no more than its module."""


def names_in(module: ast.Module) -> Iterator[str]:
    """Classes, protocols and type aliases of the module; type variables stand for none."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.startswith("_"):
                if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "TypeVar"):
                    yield name


def defined() -> dict[str, list[str]]:
    """The modules that define a name, by name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for file in sorted((CHECKOUT / package).rglob("*.py")):
            module = ast.parse(file.read_text(encoding="utf-8"))
            for name in set(names_in(module)):
                if _CLASS_NAME.fullmatch(name):
                    found[name].append(file.relative_to(CHECKOUT).as_posix())
    return found


def test_a_class_name_stands_for_one_class() -> None:
    found = defined()
    assert len(found) > 500
    assert {name: files for name, files in found.items() if len(files) > 1} == {}


def test_a_second_class_or_alias_of_a_name_is_found() -> None:
    text = "T = TypeVar('T')\nclass View: ...\nBox = tuple[int, int]\nPath: TypeAlias = str\n"
    assert list(names_in(ast.parse(text))) == ["View", "Box", "Path"]
