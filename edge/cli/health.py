"""`edge health`: asks the running daemon how it is; 0 if it is well.

Runs every minute beside the daemon, so it imports nothing but the configuration.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from http import HTTPStatus

from edge.config.live import begin
from service.status_client import NobodyAnswers, ask

REFUSALS: Mapping[type[Exception], str] = {}

_TIMEOUT_S = 5.0


def command(options: argparse.Namespace) -> int:
    """Prints what `/healthz` answers."""
    runtime = begin(options.config, os.environ).loaded.config.runtime
    try:
        answer = ask(runtime.metrics_host, runtime.metrics_port, "/healthz", _TIMEOUT_S)
    except NobodyAnswers as error:
        print(error, file=sys.stderr)
        return 1
    print(answer.body)
    return 0 if answer.status == HTTPStatus.OK else 1
