"""/metrics and /healthz over real HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter

from service.link import LinkState
from service.metrics import Health, LinkCollector, StatusServer
from tests.processes import HOST, accepts, free_port


@contextmanager
def serving(health: Health, registry: CollectorRegistry) -> Iterator[str]:
    port = free_port()
    server = StatusServer(HOST, port, registry, lambda: health)
    server.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.stop()
    assert not accepts(port)


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310, our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health(status="ok", facts={"cameras": 3}), 200),
        (Health(status="degraded", facts={"uplink": "lost"}), 200),
        (Health(status="unhealthy", facts={"late": ["analysis-0"]}), 503),
    ],
)
def test_only_unhealthy_asks_for_a_restart(health: Health, status: int) -> None:
    with serving(health, CollectorRegistry()) as url:
        answered, body = fetch(f"{url}/healthz")
    assert answered == status
    assert json.loads(body) == {"status": health.status} | health.facts


def test_metrics_tell_what_the_registry_holds() -> None:
    registry = CollectorRegistry()
    Counter("frames", "Frames.", ["camera"], registry=registry).labels("gate").inc(3)
    state = LinkState(
        connected=True, ready=True, reason="Success", refused_filters=(), counters={"received": 5}
    )
    registry.register(LinkCollector(lambda: {"intake": state}))
    with serving(Health(status="ok"), registry) as url:
        status, text = fetch(f"{url}/metrics")
        missing, _ = fetch(f"{url}/secret")
    assert (status, missing) == (200, 404)
    assert 'frames_total{camera="gate"} 3.0' in text
    assert 'stillwatch_link_up{link="intake"} 1.0' in text
    assert 'stillwatch_link_messages_total{link="intake",what="received"} 5.0' in text


def test_port_zero_means_off() -> None:
    server = StatusServer(HOST, 0, CollectorRegistry(), lambda: Health(status="ok"))
    server.start()
    server.stop()
