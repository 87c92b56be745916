"""What the unit of this machine says, and whether the service could work by it.

SHELL. Everything that would let the service fail at its start is looked at before anything is
written: the program, the configuration, the model, what the sandbox hides, what its user may read.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import edge
from edge.config.load import PREFIX, Loaded, load
from edge.daemon.connections import open_keyring
from edge.service_unit.readable import ServiceUser, hidden, may_read, service_user
from edge.service_unit.unit import STATE, UNFIT, USER, Credential, UnitPaths
from imaging.manifest import CHECKOUT_MODELS, MODELS_VARIABLE, find_model

PROGRAM = "stillwatch-edge"
_PATIENCE_S = 60.0
_WHOLE_DOTTED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.")
_AWAITED = "manage.desired_file"
"""Looked at all the time, so a copy made at the start would be no use."""


class ServiceRefused(Exception):
    """The service could not work; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Paths for the unit, and remarks for the person who installs it."""

    paths: UnitPaths
    remarks: tuple[str, ...]


def gather(config: Path | None, environ: Mapping[str, str]) -> Gathered:
    """Raises `ServiceRefused`, `ConfigError` and `ModelError`; sets `$STILLWATCH_MODELS`."""
    if config is None:
        raise ServiceRefused("there is no /etc/stillwatch/edge.yaml: write it, or give --config")
    file, program = config.absolute(), _program()
    models = _models(program, environ)
    os.environ[MODELS_VARIABLE] = str(models)
    loaded = load(file, {MODELS_VARIABLE: str(models)})
    open_keyring(loaded.config)
    model = find_model(loaded.config.detect.model)
    if find_spec("systemd.daemon") is None:
        raise ServiceRefused(
            "systemd-python is not installed, so the service could not say that it is ready: "
            "pip install --require-hashes -r requirements/systemd.lock"
        )
    user = service_user(USER)
    for path in (program, Path(sys.executable), Path(*edge.__path__), model, file):
        _seen(user, path)
    _works(program)
    named = dict(_files(loaded.config.model_dump(), ""))
    credentials = tuple(_credentials(user, named))
    return Gathered(
        paths=UnitPaths(program=program, config=file, models=models, credentials=credentials),
        remarks=(*_remarks(user, loaded, named, credentials), *_variables(environ)),
    )


def _program() -> Path:
    """The command that was called, or the one beside the interpreter; raises `ServiceRefused`."""
    called, beside = Path(sys.argv[0]), Path(sys.executable).parent / PROGRAM
    for path in (called, beside):
        if path.name == PROGRAM and path.is_file():
            if set(str(path.absolute())) & UNFIT:
                raise ServiceRefused(f"systemd starts no {path}: rename what has {sorted(UNFIT)}")
            return path.absolute()
    raise ServiceRefused(f"there is no {beside}: install the program first (pip install .)")


def _models(program: Path, environ: Mapping[str, str]) -> Path:
    """The folder of models by name: the variable's, else beside the environment, else ours."""
    places = [Path(environ[MODELS_VARIABLE])] if environ.get(MODELS_VARIABLE) else []
    places += [program.parents[2] / "models", CHECKOUT_MODELS]
    return next((one.absolute() for one in places if one.is_dir()), places[0].absolute())


def _seen(user: ServiceUser, path: Path) -> None:
    """Raises `ServiceRefused` if the service would not find `path`, or not read it."""
    if any(ord(character) < 32 or ord(character) == 127 for character in str(path)):
        raise ServiceRefused(f"{str(path)!r} has a control character in it: rename it")
    if folder := hidden(path):
        raise ServiceRefused(
            f"{path} is in {folder}, which the service does not see: put it elsewhere, as "
            "docs/deploy.md does"
        )
    try:
        readable = may_read(user, path)
    except OSError as error:
        raise ServiceRefused(f"{path} cannot be looked at: {error.strerror}") from error
    if not readable:
        raise ServiceRefused(
            f"{path} cannot be read by the service's user: let others read it (chmod o+r, and o+x "
            f"its folders), or make a user `{USER}` in its group; secrets belong into files of "
            "their own, which systemd hands over"
        )


def _works(program: Path) -> None:
    """Called as the service will: from elsewhere, with no variables of this shell."""
    try:
        done = subprocess.run(
            [program, "--version"],
            check=False,
            cwd="/",
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
        fault = done.stderr.strip().rpartition("\n")[2] if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        fault = str(error)
    if fault:
        raise ServiceRefused(f"{program} does not work by itself: {fault}")


def _files(value: object, key: str) -> Iterator[tuple[str, Path]]:
    """Every path that the configuration has a value for, by its dotted key."""
    match value:
        case Path():
            yield key, value
        case dict():
            for name, inner in value.items():
                yield from _files(inner, f"{key}.{name}" if key else str(name))
        case list() | tuple():
            for number, inner in enumerate(value):
                yield from _files(inner, f"{key}[{number}]")


def _credentials(user: ServiceUser, named: Mapping[str, Path]) -> Iterator[Credential]:
    """Files that are there, and that only systemd can read for the service."""
    for key, path in named.items():
        handed_over = set(key) <= _WHOLE_DOTTED and key != _AWAITED
        if handed_over and path.is_absolute() and path.is_file() and not _open(user, path):
            yield Credential(key=key, file=path)


def _open(user: ServiceUser, path: Path) -> bool:
    return hidden(path) is None and may_read(user, path)


def _remarks(
    user: ServiceUser,
    loaded: Loaded,
    named: Mapping[str, Path],
    credentials: tuple[Credential, ...],
) -> Iterator[str]:
    """What the service will miss, and what is worth knowing."""
    for one in credentials:
        yield f"{one.key}: {one.file} is handed over at each start, for the service alone"
    handed_over = {one.key for one in credentials}
    written = {"deliver.outbox.path", "deliver.store.path"}
    for key, path in named.items():
        if loaded.origins.get(key) == "default" or key in handed_over:
            continue
        if key in written:
            if path.is_absolute() and not path.is_relative_to(STATE):
                yield f"{key}: {path} is outside of {STATE}: add ReadWritePaths= in a drop-in"
        elif not (STATE / path).exists():
            yield f"{key}: there is no {STATE / path} yet"
        elif not _open(user, STATE / path):
            yield f"{key}: {path} cannot be read by the service's user"


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    """The service knows its file alone."""
    names = sorted(name for name in environ if name.upper().startswith(PREFIX))
    if names:
        yield f"the service does not get these variables of this shell: {', '.join(names)}"
