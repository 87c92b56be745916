"""A broker that is not what was expected: log and health of a gateway name the key to set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.authorities import authority, issue
from tests.integration.test_link_doubts import answering
from tests.processes import HOST
from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.sites import Edge, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Doubt = tuple[dict[str, Any], str]
"""A broker's section, and what is to be said of it."""


@contextmanager
def over_tls(folder: Path) -> Iterator[Doubt]:
    with _guarded(folder, "false") as (port, _):
        yield {"port": port}, "it speaks TLS: set `tls: {}`"


@contextmanager
def wants_a_certificate(folder: Path) -> Iterator[Doubt]:
    with _guarded(folder, "true") as (port, site):
        tls = {"ca_file": str(site)}
        yield {"port": port, "tls": tls}, "set `tls.cert_file` and `tls.key_file`"


@contextmanager
def over_websockets(folder: Path) -> Iterator[Doubt]:
    with servers.websockets_broker(folder) as broker:
        yield {"port": broker.port_311}, "it speaks HTTP: set `transport: websockets`"


@contextmanager
def of_mqtt_3_alone(folder: Path) -> Iterator[Doubt]:
    with servers.iotcore_broker(folder) as broker:
        yield {"port": broker.port_311}, "it answers MQTT 3.1.1: set `protocol: '3.1.1'`"


@contextmanager
def of_an_old_version(folder: Path) -> Iterator[Doubt]:  # noqa: ARG001, as the others
    with answering(b"\x20\x02\x00\x01") as port:
        yield (
            {"port": port},
            "Unsupported protocol version: it does not speak MQTT 5; set `protocol",
        )


@contextmanager
def silent(folder: Path) -> Iterator[Doubt]:  # noqa: ARG001, as the others
    with answering(b"") as port:
        yield {"port": port, "keepalive_s": 5}, "the broker did not answer within 5 s"


Kind = Callable[[Path], AbstractContextManager[Doubt]]


@pytest.mark.parametrize(
    ("site", "cloud"),
    [
        (over_tls, of_an_old_version),
        (over_websockets, wants_a_certificate),
        (of_mqtt_3_alone, silent),
    ],
)
def test_log_and_health_say_what_the_port_looks_like(
    mosquitto: Broker, tmp_path: Path, site: Kind, cloud: Kind
) -> None:
    config = settings(mosquitto, "doubts", tmp_path)
    for folder in ("site", "cloud"):
        (tmp_path / folder).mkdir()
    with site(tmp_path / "site") as here, cloud(tmp_path / "cloud") as there:
        config["intake"]["broker"] = {"host": HOST, "reconnect_max_s": 1} | here[0]
        config["deliver"]["uplink"] = {"host": HOST, "reconnect_max_s": 1} | there[0]
        with unready(tmp_path, config) as daemon:
            for link, (_, words) in {"intake": here, "uplink": there}.items():
                wait(daemon, lambda at=link, say=words: say in logged(daemon, at))  # type: ignore[misc]
                wait(daemon, lambda at=link, say=words: say in down(daemon, at))  # type: ignore[misc]
            assert daemon.health()["status"] == "degraded"


def logged(daemon: Edge, link: str) -> str:
    """The reasons why a link was refused."""
    refused = daemon.events("link_refused")
    return "\n".join(one["reason"] for one in refused if one["link"] == link)


def down(daemon: Edge, link: str) -> str:
    """Why health says that there is no connection."""
    reasons = daemon.health().get("reasons", ())
    about = (one for one in reasons if (one["reason"], one.get("of")) == ("link_down", link))
    return "\n".join(one["detail"] for one in about)


@contextmanager
def _guarded(folder: Path, certificate: str) -> Iterator[tuple[int, Path]]:
    """Mosquitto over TLS, which wants a certificate or not, and the file of its authority."""
    site = authority(folder, "site")
    server = issue(folder, site, "broker")
    lines = [
        f"cafile {server.ca_file}",
        f"certfile {server.cert_file}",
        f"keyfile {server.key_file}",
        f"require_certificate {certificate}",
    ]
    with servers.mosquitto(folder, config="\n".join(lines)) as broker:
        yield broker.port, site
