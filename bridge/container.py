"""A container's variables turned into the bridge's configuration.

SHELL. balena and compose tell a container everything by variables: `STILLWATCH_BRIDGE_CONFIG` is
the whole file, `STILLWATCH_BRIDGE_SECRET_GATE` is what is to stand in `/run/stillwatch/gate`, for
a `password_file` to name. On balena the broker is the service beside us, and a device that nobody
has configured waits instead of failing. Called by `__main__`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.config import BridgeConfig, BridgeConfigError, load, parse
from service.variables import PRIVATE, VariableError, keep, on_balena, secret_of

DOCUMENT = "STILLWATCH_BRIDGE_CONFIG"
SECRET = "STILLWATCH_BRIDGE_SECRET_"  # noqa: S105, the beginning of a variable's name

BROKER = {"host": "mosquitto", "port": 1885}
"""Of balena/docker-compose.yml: the listener that lets bridges publish, inside the device only."""

_HINT = f"set {DOCUMENT} to a configuration (docs/bridge-config.md)"
_NAME = re.compile(r"[A-Z0-9_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerConfig:
    """What is to run, from where it comes, and what an operator should know."""

    config: BridgeConfig
    source: str
    notice: str | None = None


def container_config(
    file: Path, environ: Mapping[str, str], private: Path = PRIVATE
) -> ContainerConfig:
    """From the variable if it is set, else from `file`; writes the secrets before.

    Raises `BridgeConfigError`.
    """
    assumed = {"broker": BROKER} if on_balena(environ) else {}
    for name in sorted(environ):
        if name.startswith(SECRET) and environ[name]:
            _keep(name, environ[name], private)
    document = environ.get(DOCUMENT, "")
    if document:
        return ContainerConfig(config=parse(document, DOCUMENT, assumed), source=DOCUMENT)
    if not file.exists():
        if not on_balena(environ):
            raise BridgeConfigError(f"{file}: is not there: name another by --config, or {_HINT}")
        notice = f"no camera yet: {_HINT}"
        return ContainerConfig(config=parse("", DOCUMENT, assumed), source="nothing", notice=notice)
    return ContainerConfig(config=load(file), source=str(file))


def _keep(variable: str, value: str, private: Path) -> None:
    name = variable.removeprefix(SECRET)
    if not _NAME.fullmatch(name):
        raise BridgeConfigError(f"{variable}: only A-Z, 0-9 and _ may stand behind {SECRET}")
    try:
        keep(private / name.lower(), secret_of(value))
    except VariableError as error:
        raise BridgeConfigError(f"{variable}: {error}") from error
