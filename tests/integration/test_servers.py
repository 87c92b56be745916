"""The test servers really serve; everything else in this folder leans on them."""

from __future__ import annotations

import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests import processes, servers


def connects(port: int, version: MQTTProtocolVersion) -> bool:
    answered = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=version)
    client.on_connect = lambda *_: answered.set()
    client.connect(processes.HOST, port)
    client.loop_start()
    try:
        return answered.wait(10.0)
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize("name", ["mosquitto", "iotcore_broker"])
def test_a_broker_speaks_both_versions_of_mqtt(name: str, request: pytest.FixtureRequest) -> None:
    broker: servers.Broker = request.getfixturevalue(name)
    assert connects(broker.port, MQTTProtocolVersion.MQTTv5)
    assert connects(broker.port_311, MQTTProtocolVersion.MQTTv311)


def test_a_stopped_broker_gives_its_port_to_the_next(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path, persistence=True) as first:
        assert processes.accepts(first.port)
    assert not processes.accepts(first.port)
    with servers.mosquitto(tmp_path, persistence=True, port=first.port) as second:
        assert second.port == first.port
        assert connects(second.port, MQTTProtocolVersion.MQTTv5)


def test_the_s3_server_has_a_bucket(seaweedfs: servers.S3) -> None:
    assert processes.accepts(int(seaweedfs.endpoint_url.rsplit(":", 1)[1]))
    assert seaweedfs.bucket in seaweedfs.spec()
