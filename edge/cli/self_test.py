"""`edge self-test`: the running daemon sends a marked suspicion the whole way; 0 if it arrived.

What it prints is each hop with its time, and the first that failed with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from edge.config.live import begin
from service.status_client import ACTION_HEADER, NobodyAnswers, ask

REFUSALS: Mapping[type[Exception], str] = {}

# as in `edge.self_test.requests`, which needs what a daemon needs
PATH = "/self-test"
_GRACE_S = 15.0


def command(options: argparse.Namespace) -> int:
    """1 if it failed, or if no daemon could be asked."""
    config = begin(options.config, os.environ).loaded.config
    timeout_s = config.self_test.timeout_s if options.timeout is None else options.timeout
    path = f"{PATH}?timeout_s={timeout_s:g}"
    try:
        answer = ask(
            config.runtime.metrics_host,
            config.runtime.metrics_port,
            path,
            timeout_s + _GRACE_S,
            {ACTION_HEADER: "1"},
            "POST",
        )
    except NobodyAnswers as error:
        print(error, file=sys.stderr)
        return 1
    facts = _facts(answer.body)
    if answer.status != HTTPStatus.OK:
        print(f"no self-test: {facts.get('error') or answer.body}", file=sys.stderr)
        return 1
    print(json.dumps(facts, indent=2) if options.json else "\n".join(_report_lines(facts)))
    return 0 if facts["passed"] else 1


def _facts(body: str) -> dict[str, Any]:
    try:
        facts = json.loads(body)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _report_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """One line per hop, and the result."""
    for hop in facts["hops"]:
        name = f"{hop['hop']} {hop.get('of', '')}".rstrip()
        yield f"{name:<16} {_when(hop):>12}  {hop.get('note', '')}".rstrip()
    if facts["passed"]:
        yield f"passed in {facts['took_s']:.2f} s: an alarm would reach a person"
    else:
        yield f"FAILED at {facts['failed_hop']}: {facts['why']}"


def _when(hop: Mapping[str, Any]) -> str:
    if "after_s" in hop:
        return f"{hop['after_s']:.2f} s"
    return f"worker {hop['worker_s']:.2f} s" if "worker_s" in hop else ""
