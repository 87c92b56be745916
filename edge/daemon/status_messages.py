"""What the gateway says about itself: `status`, `info`, `stats`, and the state of its cameras.

SHELL. All are retained; those of state are on-connect messages: published again after every
connect. `stats` is said at its interval when it changed, every `STATS_ANYWAY_S` as a sign of life,
and once at the end.
"""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Callable

import psutil

from contract.ids import CameraId
from contract.topics import Presence, Topics
from edge.config.live import Live
from edge.daemon.version import program_version
from edge.deliver.delivery_metrics import waiting
from edge.deliver.outbox import Outbox
from edge.health.camera_conditions import CameraCondition, CameraStatus
from edge.health.gateway_health import GatewayCondition
from edge.metrics.counters import Counters
from edge.update.outcomes import facts
from edge.update.store import UpdateRecord
from service.clock import Clock
from service.link import Publication

STATS_ANYWAY_S = 300.0
"""Who looks after many gateways takes one of which nothing was heard for some times this long for
silent."""


class StatusMessages:
    """Words about the running gateway, as publications."""

    def __init__(
        self,
        topics: Topics,
        live: Live,
        model_sha256: Callable[[], str],
        counters: Counters,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        self._topics = topics
        self._live = live
        self._model_sha256 = model_sha256
        self._counters = counters
        self._outbox = outbox
        self._clock = clock
        self._boot_id = uuid.uuid4().hex
        self._said, self._said_at_s = b"", clock.mono()
        self._others: dict[str, Callable[[], object]] = {}
        self._of_info: Callable[[], dict[str, object]] = lambda: facts(
            UpdateRecord(), UpdateRecord()
        )
        self._more_info: list[Callable[[], dict[str, object]]] = []

    def add(self, name: str, facts: Callable[[], object]) -> None:
        """Publish these in `stats` as well; None is left away."""
        self._others[name] = facts

    def of_update(self, of_info: Callable[[], dict[str, object]]) -> None:
        """Publish these of the update in force in `info`."""
        self._of_info = of_info

    def add_to_info(self, facts: Callable[[], dict[str, object]]) -> None:
        """Publish these in `info` as well."""
        self._more_info.append(facts)

    def status(self, presence: Presence) -> Publication:
        """The gateway's retained presence; `offline` is the last will."""
        return Publication(topic=self._topics.of_gateway("status"), payload=presence.encode())

    def camera_status(self, camera: CameraId, status: CameraStatus) -> Publication:
        """In one word; see `edge.health.camera_conditions`."""
        return Publication(topic=self._topics.of_camera(camera, "status"), payload=status.encode())

    def camera_health(self, camera: CameraId, condition: CameraCondition) -> Publication:
        """What is wrong with a camera, and its figures, as of `at`; retained."""
        facts = {"at": self._clock.now().isoformat(timespec="milliseconds")} | condition.as_json()
        return Publication(
            topic=self._topics.of_camera(camera, "health"), payload=json.dumps(facts).encode()
        )

    def gateway_health(self, condition: GatewayCondition) -> Publication:
        """Whether an alarm would reach a person, and what stands against it; retained."""
        facts = {"at": self._clock.now().isoformat(timespec="milliseconds")} | condition.as_json()
        return Publication(
            topic=self._topics.of_gateway("health"), payload=json.dumps(facts).encode()
        )

    def info(self) -> Publication:
        """Version, architecture, boot, configuration and model, retained."""
        current = self._live.current
        facts = {
            "version": program_version(),
            "arch": platform.machine(),
            "boot_id": self._boot_id,
            "config_version": current.version,
            "config_sha256": current.sha256,
            "model": current.config.detect.model,
            "model_sha256": self._model_sha256(),
            "schema": current.config.version,
            "groups": list(current.config.manage.groups),
            **self._of_info(),
        }
        for more in self._more_info:
            facts |= more()
        return Publication(
            topic=self._topics.of_gateway("info"), payload=json.dumps(facts).encode()
        )

    def changed_stats(self) -> Publication | None:
        """`stats`, or None if nothing has changed and it was said not long ago."""
        counted, now = self._counted(), self._clock.mono()
        if counted == self._said and now - self._said_at_s < STATS_ANYWAY_S:
            return None
        self._said, self._said_at_s = counted, now
        return self._stats(counted)

    def stats(self) -> Publication:
        """Funnels, memory and outbox as they are now."""
        return self._stats(self._counted())

    def _stats(self, counted: bytes) -> Publication:
        facts = json.loads(counted) | {
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "rss_bytes": psutil.Process().memory_info().rss,
            **waiting(self._outbox),
        }
        return Publication(
            topic=self._topics.of_gateway("stats"),
            payload=json.dumps(facts).encode(),
            qos=0,
        )

    def _counted(self) -> bytes:
        depth = self._outbox.depth()
        cameras = {camera: f.as_json() for camera, f in self._counters.snapshot().items()}
        unsaved = {"in_memory": depth.in_memory, "trouble": depth.trouble} if depth.trouble else {}
        outbox = {"entries": dict(depth.entries), "bytes": depth.bytes, **unsaved}
        audit = self._counters.audits.as_json()
        said: dict[str, object] = {
            "cameras": cameras,
            "outbox": outbox,
            "audit": audit,
            "clocksync": self._outbox.synchronised(),
        }
        refused = self._counters.refusals.snapshot()
        if refused:
            said["answers_refused"] = {reason.value: count for reason, count in refused.items()}
        others = {name: facts() for name, facts in self._others.items()}
        said |= {name: facts for name, facts in others.items() if facts is not None}
        return json.dumps(said, sort_keys=True).encode()
