"""`edge health`: asks the running daemon how it is; 0 if it is well.

Runs every minute beside the daemon, so it imports nothing but the configuration.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from edge.config.live import begin
from service.status_client import print_health

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints what `/healthz` answers."""
    runtime = begin(options.config, os.environ).loaded.config.runtime
    return print_health(runtime.metrics_host, runtime.metrics_port)
