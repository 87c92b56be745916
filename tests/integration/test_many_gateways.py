"""Fifty gateways at one real broker, by the bench's own stage: nobody lost, nobody twice; and an
operator among gateways that talk, or say rubbish."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.update_state import OrderOutcome, UpdateState
from service.link import Link
from tests import servers
from tests.links import running, settings, wait_until
from tests.operators import Operator
from tests.servers import Broker
from tools.evaluation.bench.fleet_stage import fleet, start

GATEWAYS = 50


@pytest.mark.slow
def test_fifty_gateways_are_seen_updated_once_and_back_after_a_restart_of_the_broker(
    tmp_path: Path, root: str
) -> None:
    with servers.mosquitto(tmp_path, persistence=True) as first:
        operator = Operator(tmp_path, first, root)
        trust = operator.root()
        with fleet(range(GATEWAYS), first.port, root, trust, tmp_path) as gateways:
            start(gateways)
            wait_until(lambda: all(one.link.ready for one in gateways), "all are connected")
            order = operator.signed("detect: {min_score: 0.4}\n", "--for-percent", "100")
            assert operator.publish(order) == 0
            assert len(set(operator.said)) == len(operator.said) == GATEWAYS
            wait_until(lambda: _answers(operator) == ["applied"] * GATEWAYS, "all have applied")
            assert first.process.poll() is None
            first.process.terminate()
            first.process.wait(30)
            with servers.mosquitto(tmp_path, persistence=True, port=first.port):
                wait_until(
                    lambda: all(len(one.connected_at_s) == 2 for one in gateways), "all are back"
                )
                assert _answers(operator) == ["applied"] * GATEWAYS
            for one in gateways:
                assert [opened.again for opened in one.opened] == [False]
                assert one.refused == []


def _answers(operator: Operator) -> list[object]:
    return [row["answer"] for row in operator.status()[1].values()]


def test_an_operator_does_not_wait_until_gateways_are_silent(
    mosquitto: Broker, tmp_path: Path, root: str
) -> None:
    operator = Operator(tmp_path, mosquitto, root)
    with running(settings(mosquitto, root)) as link:
        assert link.wait_ready(30)
        link.publish(f"{root}/yard/status", b"online", retain=True).wait(30)
        with _talking(link, f"{root}/yard/stats") as thread:
            assert list(operator.status()[1]) == ["yard"]
            assert operator("fleet", "list", *operator.connection) == 0
            assert "yard" in operator.said[1]
            assert thread.is_alive(), "the command outlasted the talk"


@contextmanager
def _talking(link: Link, topic: str) -> Iterator[threading.Thread]:
    """For half a minute, or until the block ends."""
    over = threading.Event()

    def talk() -> None:
        for _ in range(300):
            link.publish(topic, b'{"cameras": {}}')
            if over.wait(0.1):
                break

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


RUBBISH = [
    b"",
    b"\xff",
    b"[" * 9000,
    b"[]",
    b"{}",
    b'{"status": []}',
    b'{"status": {}, "at": 1}',
    b'{"reasons": [[]], "groups": {}, "cameras": [], "audit": 5}',
    b"\x1b[2J\x1b[31m",
]


def test_retained_rubbish_is_no_row_and_steers_no_terminal(
    mosquitto: Broker, tmp_path: Path, root: str
) -> None:
    operator = Operator(tmp_path, mosquitto, root)
    leaves = ["status", "info", "health", "stats", "config/desired", "config/reported",
              "config/rejected", "model/desired", "model/reported", "model/rejected"]  # fmt: skip
    forged = UpdateState.model_validate_json(
        json.dumps(
            {
                "kind": "config",
                "version": 7,
                "state": OrderOutcome.REJECTED,
                "reasons": ["no\ngate  7  7  applied", "\x1b[2J"],
                "at": "2026-01-01T00:00:00Z",
            }
        )
    )
    with running(settings(mosquitto, root)) as link:
        assert link.wait_ready(30)
        for number, rubbish in enumerate(RUBBISH):
            for leaf in leaves:
                link.publish(f"{root}/gw{number}/{leaf}", rubbish, retain=True).wait(30)
        said = forged.model_dump_json().encode()
        link.publish(f"{root}/yard/config/rejected", said, retain=True).wait(30)
        assert operator("config", "status", *operator.connection) == 1
        assert "message_failed" not in operator.complaint
    assert len(operator.said) == len(RUBBISH) + 1, "a head, a row each, none for the emptied one"
    assert all(line.isprintable() for line in operator.said)
    assert not [line for line in operator.said if line.startswith("gate")]
