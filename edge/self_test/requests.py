"""Requests over MQTT: whoever may publish on `<root>/<gateway>/request/self-test` may start one.

SHELL, on the network thread of the link on which a request comes; the answer goes out on the same
link, on `.../response/self-test`, with the request's `transaction`, as Zigbee2MQTT has it. A
request asks for nothing else, so that all that a stranger could do with it is bounded: one test at
a time, with a pause after each.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.flaws import first_flaw
from contract.topics import Topics
from edge.self_test.journey import Outcome
from edge.self_test.runner import SelfTests
from service.events import Event, log
from service.link import Publication, Subscription

MOST_BYTES = 4096
MOST_S = 600.0

Reply = Callable[[Publication], None]


class Request(BaseModel):
    """An empty payload, or JSON; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    transaction: str | int | None = Field(None)
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
            request = _read(payload, retained)
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

    def _answer(self, outcome: Outcome, request: Request) -> Publication:
        facts: dict[str, object] = {"data": outcome.as_json(), "status": "ok"}
        if not outcome.passed:
            facts |= {"status": "error", "error": f"{outcome.failed}: {outcome.why}"}
        return self._publication(facts, request)

    def _refusal(self, why: str, request: Request) -> Publication:
        return self._publication({"data": {}, "status": "error", "error": why}, request)

    def _publication(self, facts: dict[str, object], request: Request) -> Publication:
        if request.transaction is not None:
            facts = facts | {"transaction": request.transaction}
        return Publication(topic=self._response, payload=json.dumps(facts).encode(), retain=False)


def _read(payload: bytes, retained: bool) -> Request:
    """Raises `ValueError` with what is wrong."""
    if retained:
        raise ValueError("a retained request: publish it without the retain flag")
    if len(payload) > MOST_BYTES:
        raise ValueError(f"{len(payload)} bytes, over {MOST_BYTES}")
    if not payload.strip():
        return Request()
    try:
        return Request.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError(first_flaw(error)) from error
