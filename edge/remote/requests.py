"""Requests from afar: taken on the network threads, answered on the control loop.

SHELL. A request is checked where it comes in and waits in a short queue; a turn of the control loop
answers one, on the link on which it came. What is not allowed, not understood or too much is
answered with the reason. Self-tests are handed on (`edge.self_test.requests`). Each answer is
logged.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never, get_args

from contract.ids import CameraId, ReportId
from contract.request import (
    MAX_ANSWER_BYTES,
    MAX_DATA_BYTES,
    RemoteRequest,
    answer,
    read_request,
)
from contract.topics import Topics
from edge.config.remote import RemoteVerb
from edge.config.schema import EdgeConfig
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from edge.remote.explain import explained
from edge.remote.snapshot import LastFrames, snapshot
from edge.self_test.requests import Reply, RequestTopic
from service.clock import Clock
from service.events import Event, log
from service.link import Publication, Subscription

MOST_WAITING = 8
RESTART_AFTER_S = 30.0
"""Whoever may ask cannot keep a gateway from watching by asking again and again."""

VERBS: tuple[RemoteVerb, ...] = get_args(RemoteVerb)

DiagnosticParts = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class _OpenRequest:
    verb: RemoteVerb
    request: RemoteRequest
    reply: Reply


class RemoteRequests:
    """Takes requests from any number of links."""

    def __init__(
        self,
        config: Callable[[], EdgeConfig],
        topics: Topics,
        outbox: Outbox,
        clock: Clock,
        self_tests: RequestTopic,
    ) -> None:
        self._config, self._topics, self._outbox, self._clock = config, topics, outbox, clock
        self._self_tests = self_tests
        self._facts: DiagnosticParts = {}
        self._verbs = {topics.of_request(verb, "request"): verb for verb in VERBS}
        self._lock = threading.Lock()
        self._waiting: deque[_OpenRequest] = deque()
        self._began_s = clock.mono()
        self.frames = LastFrames(config)
        self.restart_wanted = False

    def diagnose_by(self, facts: DiagnosticParts) -> None:
        """These are the parts of `diagnostics`."""
        self._facts = facts

    def subscriptions(self, qos: int = 1) -> tuple[Subscription, ...]:
        """A broker that refuses them keeps nobody from watching. All verbs, also those that are not
        allowed: whoever asks is told."""
        return (
            *self._self_tests.subscriptions(qos),
            *(Subscription(filter=one, qos=qos, optional=True) for one in self._verbs),
        )

    def on_message(self, topic: str, payload: bytes, retained: bool, reply: Reply) -> bool:
        """Take what was published; False if the topic is another."""
        if self._self_tests.on_message(topic, payload, retained, reply):
            return True
        verb = self._verbs.get(topic)
        if verb is None:
            return False
        try:
            request = read_request(RemoteRequest, payload, retained=retained)
        except ValueError as error:
            log(Event.MESSAGE_REFUSED, topic=topic, reason=str(error))
            return True
        asked = _OpenRequest(verb, request, reply)
        if verb not in self._config().remote.allow:
            self._answer(asked, f"remote.allow does not name {verb}")
            return True
        with self._lock:
            full = len(self._waiting) >= MOST_WAITING
            if not full:
                self._waiting.append(asked)
        if full:
            self._answer(asked, f"{MOST_WAITING} requests wait already: ask again")
        return True

    def tick(self) -> None:
        """Once a turn of the control loop: answers one."""
        with self._lock:
            asked = self._waiting.popleft() if self._waiting else None
        if asked is not None:
            self._answer(asked, self._served(asked.verb, asked.request))

    def _served(self, verb: RemoteVerb, request: RemoteRequest) -> dict[str, object] | str:
        """The answer's data, or why there is none."""
        match verb:
            case "snapshot":
                return self._snapshot(request)
            case "diagnostics":
                return self._diagnostics()
            case "explain":
                return self._explain(request)
            case "restart":
                return self._restart()
            case _:
                assert_never(verb)

    def _snapshot(self, request: RemoteRequest) -> dict[str, object] | str:
        if request.camera is None:
            return "say which camera"
        frame = self.frames.of(CameraId(request.camera))
        if frame is None:
            return f"nothing has come from {request.camera!r} since the start"
        config = self._config()
        if not config.of_camera(frame.camera).enabled:
            return f"camera {frame.camera} is disabled"
        most_px = config.remote.snapshot_px
        asked_px = most_px if request.width_px is None else min(most_px, request.width_px)
        return snapshot(frame, config, asked_px)

    def _diagnostics(self) -> dict[str, object]:
        """Parts that make it too large are left out, the largest first, and named."""
        parts = {name: part() for name, part in self._facts.items()}
        parts["up_s"] = round(self._up_s())
        sizes = {name: len(json.dumps(part)) for name, part in parts.items()}
        left_out = []
        while sum(sizes.values()) > MAX_DATA_BYTES - 1000:
            largest = max(sizes, key=lambda name: sizes[name])
            left_out.append(largest)
            del sizes[largest], parts[largest]
        return parts | ({"left_out": left_out} if left_out else {})

    def _explain(self, request: RemoteRequest) -> dict[str, object] | str:
        if request.report_id is None:
            return "say which report_id"
        try:
            entry = self._outbox.find(ReportId(request.report_id))
        except OutboxError as error:
            return str(error)
        if entry is None:
            return f"report {request.report_id!r} is not here, or not any more"
        return explained(entry)

    def _restart(self) -> dict[str, object] | str:
        up_s = self._up_s()
        if up_s < RESTART_AFTER_S:
            return f"started {up_s:.0f} s ago: not before {RESTART_AFTER_S:.0f} s"
        self.restart_wanted = True
        return {"up_s": round(up_s)}

    def _up_s(self) -> float:
        return self._clock.mono() - self._began_s

    def _answer(self, asked: _OpenRequest, served: dict[str, object] | str) -> None:
        error = served if isinstance(served, str) else None
        data = {} if isinstance(served, str) else served
        payload = answer(asked.request, data, error)
        if len(payload) > MAX_ANSWER_BYTES:
            error = f"the answer has {len(payload)} bytes, over {MAX_ANSWER_BYTES}"
            payload = answer(asked.request, {}, error)
        log(
            Event.REQUEST_ANSWERED,
            verb=asked.verb,
            by=asked.request.by,
            camera=asked.request.camera,
            reason=error,
        )
        topic = self._topics.of_request(asked.verb, "response")
        asked.reply(Publication(topic=topic, payload=payload, retain=False))
