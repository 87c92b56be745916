"""`edge health`: asks the running daemon how it is; 0 if it is well.

Runs every minute beside the daemon, so it imports nothing but the configuration.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

from edge.config.live import begin

REFUSALS: Mapping[type[Exception], str] = {}


def command(options: argparse.Namespace) -> int:
    """Prints what `/healthz` answers."""
    runtime = begin(options.config, os.environ).loaded.config.runtime
    if runtime.metrics_port == 0:
        print("runtime.metrics_port is 0: the daemon answers nobody", file=sys.stderr)
        return 1
    url = f"http://{runtime.metrics_host}:{runtime.metrics_port}/healthz"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode())
    except (OSError, http.client.HTTPException) as error:
        print(f"{url}: {error}; is the daemon running?", file=sys.stderr)
    return 1
