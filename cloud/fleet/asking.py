"""`fleet ask`: one request to one gateway, and its answer.

SHELL. The request carries a transaction of its own, so that nobody else's answer is taken for it.
What a gateway may be asked is in its `remote.allow`, who may ask in the broker's rules. Called by
`command`.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from cloud.broker.connection import link_settings
from cloud.broker.retained_link import CONNECT_S
from cloud.confirm.offline import CannotRun
from cloud.fleet.report import word
from cloud.settings import Settings
from contract import ijson
from contract.ids import GatewayId, is_name
from contract.request import RemoteRequest
from contract.topics import Topics
from contract.validation_errors import first_error
from service.clock import Clock
from service.link import Link, Receipt, Subscription
from service.outcomes import PUBACK_S, Delivered

_MOST_BYTES = 1_000_000
_STOP_S = 5.0

RemoteAnswer = Mapping[str, object]


def ask(options: argparse.Namespace, settings: Settings, clock: Clock) -> RemoteAnswer:
    """What the gateway answered as `data`. Raises `CannotRun` with its error, or with why there is
    no answer, and `LinkError`."""
    if not is_name(options.gateway):
        raise CannotRun(f"{word(options.gateway)!r} is no gateway's id")
    topics = Topics(gateway=GatewayId(options.gateway), root=settings.root)
    transaction = secrets.token_hex(12)
    payload = _request(options, transaction).model_dump_json(exclude_none=True).encode()
    waiting = _AnswerListener(
        settings, clock, topics.of_request(options.ask, "response"), transaction
    )
    found = waiting.answered(topics.of_request(options.ask, "request"), payload, options.timeout_s)
    if found is None:
        raise CannotRun(
            f"{options.gateway} has not answered within {options.timeout_s:g} s: "
            "`fleet show` says whether it is there"
        )
    data = found.get("data")
    if found.get("status") != "ok":
        raise CannotRun(f"{options.gateway}: {word(found.get('error'))}")
    return data if isinstance(data, dict) else {}


def save_picture(data: RemoteAnswer, file: Path) -> RemoteAnswer:
    """Writes the answer's picture; what is left to say. Raises `CannotRun`."""
    try:
        jpeg = base64.b64decode(str(data.get("jpeg")), validate=True)
        if not jpeg.startswith(b"\xff\xd8\xff"):
            raise ValueError("no JPEG")
        file.write_bytes(jpeg)
    except (ValueError, OSError) as error:
        raise CannotRun(f"the picture cannot be written: {error}") from error
    return {key: value for key, value in data.items() if key != "jpeg"} | {"file": str(file)}


def _request(options: argparse.Namespace, transaction: str) -> RemoteRequest:
    try:
        return RemoteRequest(
            transaction=transaction,
            by=options.by,
            camera=options.camera,
            report_id=options.report,
        )
    except ValidationError as error:
        raise CannotRun(f"no request: {first_error(error)}") from error


class _AnswerListener:
    """For the one answer with our transaction."""

    def __init__(self, settings: Settings, clock: Clock, topic: str, transaction: str) -> None:
        self._transaction = transaction
        self._there = threading.Event()
        self._found: RemoteAnswer | None = None
        self._clock = clock
        own = replace(link_settings(settings), name="fleet", max_packet_bytes=_MOST_BYTES)
        self._where = f"{own.host}:{own.port}"
        self._link = Link(
            own,
            on_fatal=lambda _error: None,
            on_message=self._take,
            subscriptions=[Subscription(filter=topic)],
            clock=clock,
        )

    def answered(self, topic: str, payload: bytes, timeout_s: float) -> RemoteAnswer | None:
        """Asks, and waits."""
        self._link.start()
        try:
            if not self._link.wait_ready(CONNECT_S):
                raise CannotRun(f"broker {self._where}: {self._link.state().reason}")
            outcome = self._link.publish(topic, payload).wait(PUBACK_S)
            if not isinstance(outcome, Delivered):
                raise CannotRun(f"the broker did not take the request: {outcome}")
            self._clock.wait(self._there, timeout_s)
            return self._found
        finally:
            self._link.stop(_STOP_S)

    def _take(self, _topic: str, payload: bytes, _retained: bool, ack: Receipt) -> None:
        ack()
        try:
            facts = ijson.parse(payload)
        except ValueError:
            return
        if isinstance(facts, dict) and facts.get("transaction") == self._transaction:
            self._found = facts
            self._there.set()
