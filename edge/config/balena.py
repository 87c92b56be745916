"""A balena device's variables turned into configuration.

SHELL. balena tells a container everything by environment variables and names the device by
`BALENA_DEVICE_UUID`. Laws: outside balena (`BALENA` is not 1) nothing here does anything; what
somebody configured is never replaced; a secret lies in a private file before the configuration
names it. Called by `__main__`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.config.load import PREFIX
from edge.config.parse import MAX_BYTES, parse
from edge.errors import ConfigError, ConfigProblem
from service.variables import PRIVATE, VariableError, keep, on_balena, secret_of

DOCUMENT = "STILLWATCH_CONFIG"
"""A variable that holds the whole configuration as YAML; it takes the place of the file."""

SECRET_PREFIX = "STILLWATCH_SECRET__"  # noqa: S105, the name of a variable
"""`STILLWATCH_SECRET__A__B_FILE` holds what is to stand in the file that key `a.b_file` names."""

SITE_BROKER = "mosquitto"
"""The service in balena/docker-compose.yml that cameras publish to; its name is its address."""

_SECRET_NAME = re.compile(r"[A-Z0-9_]+_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What the command line is to use: a file, more variables, and what to log for the operator."""

    file: Path | None
    variables: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None


def arrange(file: Path | None, environ: Mapping[str, str], private: Path = PRIVATE) -> Arranged:
    """Variables to add so that the usual configuration path sees a balena device's settings.

    Raises `ConfigError` for a secret or document that cannot be put into `private`. A gateway id
    that comes from the device holds until the next start, like every other.
    """
    if not on_balena(environ):
        return Arranged(file=file)
    document = environ.get(DOCUMENT, "")
    if document:
        with _named(DOCUMENT):
            file = keep(private / "edge.yaml", document.encode())
    secrets = dict(_secrets(environ, private))
    given = {*_in_environment({**environ, **secrets}), *_in_file(file)}
    defaults = {
        _variable(key): value for key, value in _defaults(environ) if not _covered(key, given)
    }
    notice = None if given else _waiting(defaults)
    return Arranged(file=file, variables={**defaults, **secrets}, notice=notice)


def _defaults(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """By dotted key, what holds on a device where nobody says otherwise."""
    uuid = environ.get("BALENA_DEVICE_UUID", "").lower()
    if uuid:
        yield "gateway.id", uuid
    yield "intake.broker.host", SITE_BROKER


def _waiting(defaults: Mapping[str, str]) -> str:
    gateway = defaults.get(_variable("gateway.id"), "gateway")
    return (
        f"no configuration yet: gateway {gateway} waits at the broker {SITE_BROKER!r}. Cameras get "
        "in once MQTT_CAMERA_1 is set to ID:PASSWORD; threats are confirmed once "
        f"{_variable('deliver.uplink.host')} and {_variable('deliver.store')} are. Set them as "
        "device or fleet variables; the service then starts anew"
    )


def _secrets(environ: Mapping[str, str], private: Path) -> Iterator[tuple[str, str]]:
    """Writes each secret into a file of its own; yields the variables that name the files."""
    for name in sorted(environ):
        key = name.removeprefix(SECRET_PREFIX)
        if key == name or environ[name] == "":
            continue
        if not _SECRET_NAME.fullmatch(key):
            raise _refused(name, "is no key of a file", "its last part ends in _FILE")
        if environ.get(PREFIX + key):
            raise _refused(name, f"is given beside {PREFIX + key}", "keep one of the two")
        with _named(name):
            path = keep(private / key.lower().replace("__", "."), secret_of(environ[name]))
        yield PREFIX + key, str(path)


@contextmanager
def _named(variable: str) -> Iterator[None]:
    """A value that cannot be used becomes `ConfigError` with the variable's name."""
    try:
        yield
    except VariableError as error:
        raise _refused(variable, error.problem, error.hint) from error


def _in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if name.upper().startswith(PREFIX) and value:
            yield name[len(PREFIX) :].lower().replace("__", ".")


def _in_file(file: Path | None) -> Iterator[str]:
    """Dotted keys that the file sets. What is wrong with it is reported when it is loaded."""
    if file is None:
        return
    with suppress(OSError, ConfigError), file.open("rb") as opened:
        yield from _leaves(parse(opened.read(MAX_BYTES + 1))[0], "")


def _leaves(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif value is not None:
        yield path


def _covered(key: str, given: Iterable[str]) -> bool:
    """Whether `key`, a part of it, or a section that holds it was given."""
    return any(f"{key}.".startswith(f"{one}.") or one.startswith(f"{key}.") for one in given)


def _variable(key: str) -> str:
    return PREFIX + key.upper().replace(".", "__")


def _refused(variable: str, problem: str, hint: str) -> ConfigError:
    return ConfigError((ConfigProblem(path=variable, problem=problem, hint=hint),))
