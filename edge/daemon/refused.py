"""A start that was refused, where the supervisor would try again at once: stay, and say why.

SHELL. Containers that end are started again, 14 times in 20 s, and their log is far away. So the
gateway says `stopped` and its reasons, retained, at the brokers that its configuration still names,
until it is stopped or the file is repaired. It watches nothing. Called by `__main__`.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edge.config.load import load, read_file
from edge.config.remains import Remains, remains
from edge.errors import ConfigError
from edge.health.gateway_health import GatewayCondition
from edge.health.reasons import HealthReason, OngoingProblem, Problem
from service import events
from service.clock import Clock, SystemClock
from service.events import Event, log
from service.link import Link, LinkError, Publication
from service.link_settings import settings_of

_LOOK_S = 5.0
_MOST_REASONS = 20
"""More are counted, and in the log."""


def stay(reasons: Sequence[str], path: Path | None, environ: Mapping[str, str]) -> int:
    """Until SIGTERM or SIGINT (EX_CONFIG), or until the file is another one and valid (0)."""
    stop, clock = threading.Event(), SystemClock()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    events.configure()
    log(Event.CONFIG_REFUSED, reasons=list(reasons))
    document = _document(path)
    links = tuple(_links(remains(document, environ), reasons, clock))
    for link in links:
        link.start()
    try:
        while not clock.wait(stop, _LOOK_S):
            before, document = document, _document(path)
            if document != before and _is_valid(path, environ):
                return 0
    finally:
        for link in links:
            link.stop(2.0)
    return os.EX_CONFIG


def _links(found: Remains | None, reasons: Sequence[str], clock: Clock) -> Iterator[Link]:
    if found is None:
        return
    said = tuple(_said(found, reasons, clock))
    for name, broker in found.brokers.items():
        who = f"{broker.client_id or 'stillwatch'}-{name}-{secrets.token_hex(4)}"
        try:
            yield Link(
                settings_of(broker, name, who),
                on_fatal=lambda _error: None,
                on_connect=lambda: said,
            )
        except LinkError as error:
            log(Event.LINK_REFUSED, link=name, reason=str(error))


def _said(found: Remains, reasons: Sequence[str], clock: Clock) -> Iterator[Publication]:
    """What is retained at every broker."""
    at = clock.now().isoformat(timespec="milliseconds")
    ongoing = tuple(
        OngoingProblem(
            problem=Problem(reason=HealthReason.CONFIG_REFUSED, detail=reason), since=at, for_s=0.0
        )
        for reason in reasons[:_MOST_REASONS]
    )
    condition = GatewayCondition(
        status="degraded", ongoing=ongoing, more=len(reasons) - len(ongoing)
    )
    health = {"at": at} | condition.as_json()
    yield Publication(topic=found.topics.of_gateway("status"), payload=b"stopped")
    yield Publication(topic=found.topics.of_gateway("health"), payload=json.dumps(health).encode())


def _document(path: Path | None) -> bytes:
    """What stands in the file now; nothing if it cannot be read."""
    try:
        return b"" if path is None else read_file(path)
    except ConfigError:
        return b""


def _is_valid(path: Path | None, environ: Mapping[str, str]) -> bool:
    try:
        load(path, environ)
    except ConfigError as error:
        log(Event.CONFIG_REFUSED, reasons=[str(one) for one in error.problems])
        return False
    return True
