"""Pachyderm's way with a pipeline spec, on trees of this machine.

An input's glob cuts its repository into pieces; a cross gives every combination. Each combination
is a datum: the pieces lie under their names below a `/pfs` of links, the spec's own command runs,
`/pfs/out` is uploaded with links into the inputs resolved, and two datums must not write the same
file. A datum that fails is tried again with an empty `/pfs/out`. Who runs the command is given: on
this machine (`Local`), or in a container.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parents[1]
SPECS = ROOT / "deploy" / "pachyderm"
ORDER = ("validate", "object-detect", "threat-detect", "plot")

Repositories = dict[str, Path]


class JobFailed(Exception):
    """A datum failed as often as it may, or two wrote the same file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one input gives to one datum: `path` below its repository, `""` for all of it."""

    name: str
    repository: Path
    path: str


Datum = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """A pipeline spec as it stands in its file."""

    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.document["pipeline"]["name"])

    @property
    def command(self) -> list[str]:
        return [str(word) for word in self.document["transform"]["cmd"]]

    @property
    def image(self) -> str:
        return str(self.document["transform"]["image"])

    @property
    def environment(self) -> dict[str, str]:
        return {str(k): str(v) for k, v in self.document["transform"].get("env", {}).items()}

    @property
    def tries(self) -> int:
        return int(self.document["datum_tries"])

    @property
    def timeout_s(self) -> float:
        return float(self.document["datum_timeout"].removesuffix("s"))

    def inputs(self) -> list[Mapping[str, Any]]:
        """The `pfs` inputs of a single one or of a cross; others are not used here."""
        given = self.document["input"]
        several = given.get("cross", [given])
        return [one["pfs"] for one in several]


class Runner(Protocol):
    """Runs a datum's command; `root` holds `pfs` and `scratch`, to be seen at `/`."""

    def run(self, spec: Spec, root: Path, environment: Mapping[str, str]) -> int:
        """The exit status."""
        ...


class Local:
    """The command on this machine, with `/pfs` mapped to the datum's own."""

    def run(self, spec: Spec, root: Path, environment: Mapping[str, str]) -> int:
        command = [_mapped(word, root) for word in spec.command]
        command[0] = sys.executable if command[0] == "python3" else command[0]
        mapped = {key: _mapped(value, root) for key, value in environment.items()}
        ran = subprocess.run(
            command,
            cwd=root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **mapped},
            capture_output=True,
            text=True,
            timeout=spec.timeout_s,
            check=False,
        )
        (root / "log").write_text(ran.stdout + ran.stderr)
        return ran.returncode


def read_spec(name: str) -> Spec:
    return Spec(json.loads((SPECS / f"{name}.json").read_text()))


def expand(repository: Path, glob: str) -> list[str]:
    """What the glob finds, in path order; a `*` stays within its level."""
    wanted = glob.strip("/").split("/") if glob.strip("/") else []
    found = [path.relative_to(repository).parts for path in repository.rglob("*")]
    return sorted(
        "/".join(parts)
        for parts in (*found, ())
        if len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
    )


def datums(spec: Spec, repositories: Repositories) -> list[Datum]:
    """Every combination of the inputs' pieces."""
    pieces = [
        [
            Piece(name=given["name"], repository=repositories[given["repo"]], path=path)
            for path in expand(repositories[given["repo"]], given["glob"])
        ]
        for given in spec.inputs()
    ]
    return list(itertools.product(*pieces))


def run_pipeline(spec: Spec, repositories: Repositories, work: Path, runner: Runner) -> Path:
    """The output repository of `spec` over `repositories`, below `work`; raises `JobFailed`."""
    output = work / spec.name
    output.mkdir(parents=True)
    for datum in datums(spec, repositories):
        root = work / "datums" / spec.name / _id_of(datum)
        _try(spec, datum, root, runner)
        _upload(root, output)
    return output


def run_all(
    names: Sequence[str], repositories: Repositories, work: Path, runner: Runner
) -> Repositories:
    """The pipelines one after the other, each able to read the outputs of those before."""
    known = dict(repositories)
    for name in names:
        spec = read_spec(name)
        known[spec.name] = run_pipeline(spec, known, work, runner)
    return known


def _try(spec: Spec, datum: Datum, root: Path, runner: Runner) -> None:
    environment = spec.environment | _environment_of(datum)
    for _ in range(spec.tries):
        _lay_out(datum, root)
        if runner.run(spec, root, environment) == 0:
            return
    log = root / "log"
    said = log.read_text() if log.exists() else ""
    raise JobFailed(f"{spec.name}: datum {root.name} failed {spec.tries} times: {said[-2000:]}")


def _environment_of(datum: Datum) -> dict[str, str]:
    paths = {piece.name: f"/pfs/{piece.name}/{piece.path}".rstrip("/") for piece in datum}
    commits = {f"{piece.name}_COMMIT": "0" * 32 for piece in datum}
    return {**paths, **commits, "PACH_DATUM_ID": _id_of(datum), "PACH_JOB_ID": "1" * 32}


def _id_of(datum: Datum) -> str:
    text = "\0".join(f"{piece.name}:{piece.path}" for piece in datum)
    return hashlib.sha256(text.encode()).hexdigest()


def _lay_out(datum: Datum, root: Path) -> None:
    """`root/pfs/<input>` and `root/pfs/out`, links to folders in `root/scratch`."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "pfs").mkdir(parents=True)
    for piece in datum:
        target = root / "scratch" / piece.name / piece.path
        source = piece.repository / piece.path
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            target.parent.mkdir(parents=True)
            shutil.copy2(source, target, follow_symlinks=False)
    (root / "scratch" / "out").mkdir(parents=True)
    for name in (*(piece.name for piece in datum), "out"):
        (root / "pfs" / name).symlink_to(f"../scratch/{name}")


def _upload(root: Path, output: Path) -> None:
    """Adds the datum's files to the output; links may lead into its inputs, and are resolved."""
    out = root / "scratch" / "out"
    for file in _files(out):
        source = _resolved(file, root) if file.is_symlink() else file
        target = output / file.relative_to(out)
        if target.exists():
            raise JobFailed(f"two datums write {target.relative_to(output)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file())


def _resolved(link: Path, root: Path) -> Path:
    """The input file behind a link; in a container `root/scratch` is `/scratch`."""
    text = str(link.readlink())
    path = root / text.lstrip("/") if text.startswith(("/scratch/", "/pfs/")) else Path(text)
    found = path.resolve()
    if not found.is_relative_to((root / "scratch").resolve()) or not found.is_file():
        raise JobFailed(f"{link} leads out of the datum, to {text}")
    return found


def _mapped(text: str, root: Path) -> str:
    return f"{root}{text}" if text == "/pfs" or text.startswith("/pfs/") else text
