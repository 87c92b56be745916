"""Many links at one broker: they come back spread out; two with one id say so and keep apart."""

from __future__ import annotations

import dataclasses
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.clock import SystemClock
from tests import servers
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, Protocol, running, settings, wait_until

CLIENTS = 60
BOTH: list[Protocol] = ["5", "3.1.1"]


def test_clients_that_lost_their_broker_do_not_come_back_together(tmp_path: Path) -> None:
    with ExitStack() as stack, servers.mosquitto(tmp_path) as first:
        links = [
            stack.enter_context(
                running(dataclasses.replace(settings(first, f"herd{n}"), reconnect_max_s=5.0))
            )
            for n in range(CLIENTS)
        ]
        assert all(link.wait_ready(PATIENCE_S) for link in links)
        with recorded_events(SystemClock()) as lines:
            first.process.kill()
            wait_until(lambda: not any(link.connected for link in links), "all notice the loss")
            with servers.mosquitto(tmp_path, port=first.port):
                assert all(link.wait_ready(PATIENCE_S) for link in links)
                back = [line.at.timestamp() for line in lines if line.event == "link_connected"]
    assert len(back) == CLIENTS
    tenths = Counter(int(10 * at) for at in back)
    assert max(tenths.values()) <= CLIENTS // 2, tenths
    assert len(tenths) >= 5, tenths


@pytest.mark.parametrize("protocol", BOTH)
def test_two_clients_with_one_id_name_it_and_stop_taking_turns_every_second(
    mosquitto: servers.Broker, protocol: Protocol
) -> None:
    ours = dataclasses.replace(settings(mosquitto, f"twin{protocol}", protocol), name="ours")
    ours = dataclasses.replace(ours, reconnect_max_s=60.0)
    with recorded_events() as lines, running(ours) as link:
        assert link.wait_ready(PATIENCE_S)
        assert link.state().conflict == ""
        with running(dataclasses.replace(ours, name="theirs")) as twin:
            wait_until(
                lambda: bool(link.state().conflict or twin.state().conflict), "one sees the other"
            )
        said = [str(line.fields["reason"]) for line in lines if line.event == "link_lost"]
    assert any(f"another client uses the id twin{protocol}" in words for words in said)
    assert "Unspecified error" not in "".join(said)
