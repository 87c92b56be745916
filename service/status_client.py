"""How a command line asks the process that runs beside it: HTTP on its status port.

SHELL. Imports nothing but the standard library: `health` runs every minute.
"""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

HEALTH_S = 5.0
ACTION_HEADER = "X-Stillwatch-Action"
"""With it a POST asks for an action (`service.metrics`); no page in a browser can send it."""


class NobodyAnswers(Exception):
    """Nobody listens, or not for the command line; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body."""

    status: int
    body: str


def ask(
    host: str,
    port: int,
    path: str,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
) -> Answer:
    """What it answers at its `runtime.metrics_host` and `metrics_port`; raises `NobodyAnswers`."""
    if port == 0:
        raise NobodyAnswers("runtime.metrics_port is 0: the daemon answers nobody")
    url = f"http://{_reachable(host)}:{port}{path}"
    request = urllib.request.Request(url, method=method, headers=dict(headers or {}))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=timeout_s) as answer:
            return Answer(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode())
    except (OSError, http.client.HTTPException) as error:
        raise NobodyAnswers(f"{url}: {error}; is the daemon running?") from error


def print_health(host: str, port: int) -> int:
    """Prints what it answers on `/healthz`; the exit status, 0 if it is well."""
    try:
        answer = ask(host, port, "/healthz", HEALTH_S)
    except NobodyAnswers as error:
        print(error, file=sys.stderr)
        return 1
    print(answer.body)
    return 0 if answer.status == HTTPStatus.OK else 1


def _reachable(host: str) -> str:
    """Where it listens everywhere it listens here too."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104, nothing is bound
