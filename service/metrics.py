"""`/metrics` for Prometheus, `/healthz` for whoever restarts things, actions for our command line.

SHELL. A small HTTP server on threads of its own; what it serves comes from a registry and from a
callable, so that it knows nothing of the process it serves. Degraded (no broker, no cloud) is still
200: a restart would not help. An action is a POST with the header `ACTION_HEADER`, which no page in
somebody's browser can send here unasked.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from service.events import Event, log
from service.link import LinkState
from service.status_client import ACTION_HEADER

REQUEST_TIMEOUT_S = 5.0
"""Who connects and asks nothing holds a thread no longer than this."""


Action = Callable[[Mapping[str, str]], tuple[HTTPStatus, dict[str, object]]]
"""What is done on a request, by its query; may take its time, on a thread of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`unhealthy` asks for a restart; `facts` say why."""

    status: Literal["ok", "degraded", "unhealthy"]
    facts: dict[str, object] = field(default_factory=dict)


class StatusServer:
    """Listens from `start` to `stop`; `start` raises `OSError` if the port is taken."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        health: Callable[[], Health],
        actions: Mapping[str, Action] | None = None,
    ) -> None:
        """`actions` by their paths."""
        self._actions = dict(actions or {})
        self._address = (host, port)
        self._registry = registry
        self._health = health
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Begins to listen; port 0 means off."""
        host, port = self._address
        if port == 0:
            return
        self._server = ThreadingHTTPServer(
            self._address, _answering(self._registry, self._health, self._actions)
        )
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="status", daemon=True).start()
        log(Event.METRICS_OPENED, host=host, port=port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _answering(
    registry: CollectorRegistry, health: Callable[[], Health], actions: Mapping[str, Action]
) -> type[BaseHTTPRequestHandler]:
    class StatusHandler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_S

        def do_GET(self) -> None:
            match self.path.split("?")[0]:
                case "/metrics":
                    encode, kind = choose_encoder(self.headers.get("Accept", ""))
                    self._send(HTTPStatus.OK, kind, encode(registry))
                case "/healthz":
                    self._send(*_health_answer(health()))
                case _:
                    self._send(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics or /healthz\n")

        def do_POST(self) -> None:
            url = urlsplit(self.path)
            action = actions.get(url.path)
            if action is None:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"no such action\n")
            elif ACTION_HEADER not in self.headers:
                needed = f"an action needs the header {ACTION_HEADER}\n".encode()
                self._send(HTTPStatus.FORBIDDEN, "text/plain", needed)
            else:
                status, facts = action(dict(parse_qsl(url.query)))
                self._send(status, "application/json", json.dumps(facts, default=str).encode())

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Requests are no events."""

    return StatusHandler


def _health_answer(health: Health) -> tuple[HTTPStatus, str, bytes]:
    ill = health.status == "unhealthy"
    body = json.dumps({"status": health.status} | health.facts, default=str).encode()
    status = HTTPStatus.SERVICE_UNAVAILABLE if ill else HTTPStatus.OK
    return status, "application/json", body


class LinkCollector(Collector):
    """The state of links, by name, read when Prometheus asks."""

    def __init__(self, links: Callable[[], dict[str, LinkState]]) -> None:
        self._links = links

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "stillwatch_link_up", "1 if the link is connected to its broker.", labels=["link"]
        )
        messages = CounterMetricFamily(
            "stillwatch_link_messages", "Messages by outcome.", labels=["link", "what"]
        )
        for name, state in self._links().items():
            up.add_metric([name], float(state.connected))
            for what, count in state.counters.items():
                messages.add_metric([name, what], count)
        yield up
        yield messages
