"""The daemon's end of `edge self-test`: one request on the status port waits for its outcome.

SHELL, on a thread of the status server. Called by `daemon`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http import HTTPStatus

from edge.self_test.journey import Outcome
from edge.self_test.requests import MOST_S
from edge.self_test.runner import SelfTests

PATH = "/self-test"

GRACE_S = 10.0
"""For the control loop to begin, and to notice the end."""


class AskedHere:
    """An action of the status server."""

    def __init__(self, tests: SelfTests) -> None:
        self._tests = tests

    def __call__(self, query: Mapping[str, str]) -> tuple[HTTPStatus, dict[str, object]]:
        """409 while another one runs; else 200 with the outcome, passed or not."""
        try:
            timeout_s = float(query["timeout_s"]) if "timeout_s" in query else None
        except ValueError:
            return HTTPStatus.BAD_REQUEST, {"error": "timeout_s is no number"}
        if timeout_s is not None and not 1 <= timeout_s <= MOST_S:
            return HTTPStatus.BAD_REQUEST, {"error": f"timeout_s is not 1 to {MOST_S:g}"}
        ended, outcomes = threading.Event(), list[Outcome]()

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            ended.set()

        refusal = self._tests.ask(timeout_s, done)
        if refusal is not None:
            return HTTPStatus.CONFLICT, {"error": refusal}
        ended.wait((timeout_s or MOST_S) + GRACE_S)
        if not outcomes:
            return HTTPStatus.GATEWAY_TIMEOUT, {"error": "the daemon's control loop stands still"}
        return HTTPStatus.OK, outcomes[0].as_json()
