"""What a gateway needs for its self-tests, tied together.

SHELL. Made by `gateway`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from contract.topics import Topics
from edge.config.schema import Config
from edge.deliver.evidence import Origin
from edge.deliver.outbox import Outbox
from edge.self_test.record import Record
from edge.self_test.requests import RequestTopic
from edge.self_test.runner import SelfTests
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTestParts:
    """`tests` runs them, `record` remembers, `requests` lets people ask over MQTT."""

    tests: SelfTests
    record: Record
    requests: RequestTopic


def self_test_parts(
    config: Callable[[], Config],
    outbox: Outbox,
    topics: Topics,
    clock: Clock,
    origin: Callable[[], Origin],
    epoch: int,
) -> SelfTestParts:
    """`epoch` as in every report id of this run."""
    record = Record(config().deliver.outbox.path, clock)
    tests = SelfTests(outbox, record, clock, config, origin, epoch, random.Random())
    requests = RequestTopic(topics, tests, lambda: config().self_test.on_request)
    return SelfTestParts(tests=tests, record=record, requests=requests)
