"""Requests over MQTT: whoever may publish on `<root>/<gateway>/request/self-test` may start one.

SHELL, on the network thread of the link on which a request comes; the answer goes out on the same
link, on `.../response/self-test`, with the request's `transaction`, as Zigbee2MQTT has it. A
request asks for nothing else, so that all that a stranger could do with it is bounded: one test at
a time, with a pause after each.
Likewise one request on the status port, from `edge self-test`, waits for its outcome on a thread of
the status server.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import Field

from contract.request import Asked, answer, read_request
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.deliver.outbox import Outbox
from edge.self_test.journey import SelfTestOutcome
from edge.self_test.record import Record
from edge.self_test.runner import ReportSource, SelfTests
from service.clock import Clock
from service.events import Event, log
from service.link import Publication, Subscription

MOST_S = 600.0

Reply = Callable[[Publication], None]


class Request(Asked):
    """An empty payload, or JSON; unknown fields are ignored."""

    timeout_s: float | None = Field(None, ge=1, le=MOST_S)


class RequestTopic:
    """Takes requests from any number of links."""

    def __init__(self, topics: Topics, tests: SelfTests, allowed: Callable[[], bool]) -> None:
        """`allowed`: whether the configuration lets anybody ask over MQTT."""
        self._request = topics.of_request("self-test", "request")
        self._response = topics.of_request("self-test", "response")
        self._tests = tests
        self._allowed = allowed

    def subscriptions(self, qos: int = 1) -> tuple[Subscription, ...]:
        """Its filter; a broker that refuses it keeps nobody from watching."""
        return (Subscription(filter=self._request, qos=qos, optional=True),)

    def on_message(self, topic: str, payload: bytes, retained: bool, reply: Reply) -> bool:
        """Take what was published; False if the topic is another."""
        if topic != self._request:
            return False
        try:
            request = read_request(Request, payload, retained=retained)
        except ValueError as error:
            log(Event.MESSAGE_REFUSED, topic=topic, reason=str(error))
            return True
        if not self._allowed():
            reply(self._refusal("self_test.on_request is off", request))
            return True
        refusal = self._tests.ask(
            request.timeout_s, lambda outcome: reply(self._answer(outcome, request))
        )
        if refusal is not None:
            reply(self._refusal(refusal, request))
        return True

    def _answer(self, outcome: SelfTestOutcome, request: Request) -> Publication:
        error = None if outcome.passed else f"{outcome.failed}: {outcome.why}"
        return self._publication(answer(request, outcome.as_json(), error))

    def _refusal(self, why: str, request: Request) -> Publication:
        return self._publication(answer(request, {}, why))

    def _publication(self, payload: bytes) -> Publication:
        return Publication(topic=self._response, payload=payload, retain=False)


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
        ended, outcomes = threading.Event(), list[SelfTestOutcome]()

        def done(outcome: SelfTestOutcome) -> None:
            outcomes.append(outcome)
            ended.set()

        refusal = self._tests.ask(timeout_s, done)
        if refusal is not None:
            return HTTPStatus.CONFLICT, {"error": refusal}
        ended.wait((timeout_s or MOST_S) + GRACE_S)
        if not outcomes:
            return HTTPStatus.GATEWAY_TIMEOUT, {"error": "the daemon's control loop stands still"}
        return HTTPStatus.OK, outcomes[0].as_json()


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestParts:
    """`tests` runs them, `record` remembers, `requests` lets people ask over MQTT."""

    tests: SelfTests
    record: Record
    requests: RequestTopic


def self_test_parts(
    config: Callable[[], EdgeConfig],
    outbox: Outbox,
    topics: Topics,
    clock: Clock,
    source: ReportSource,
) -> SelfTestParts:
    """Of a gateway, made together."""
    record = Record(config().deliver.outbox.path, clock)
    tests = SelfTests(outbox, record, clock, config, source, random.Random())
    requests = RequestTopic(topics, tests, lambda: config().self_test.on_request)
    return SelfTestParts(tests=tests, record=record, requests=requests)
