"""What the cloud still wants to see, between the uplink's thread and the analysis threads.

SHELL (a lock). A request names a report that its pictures left open. It is answered with a newer
picture of the same track, or, when the track is gone or shows nothing in `PATIENCE_S`, with the
word that there is none. Nobody has to answer: the courier's next repeat of the report forbids
requests, so the cloud decides then. Filled by `verdicts`, emptied by `daemon.analysis`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, ReportId, track_of
from edge.records import TrackId
from service.clock import Clock

GATHER_S = 0.5
"""The answer is the best picture of this time: what comes with the very next frame shows little
that the cloud has not seen, and a walker takes a step in half a second."""

PATIENCE_S = 3.0
"""A thing that was followed is seen again within `tracking.max_gap_s`, or its track ends."""

_FORGOTTEN_S = 30.0
"""By then the courier has repeated the report; see `deliver.resend_s`."""

_MOST = 64
_MOST_OF_A_CAMERA = 8
"""Open at once, of all cameras and of one; more than that is a fault, and goes unanswered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRequest:
    """A report that wants another picture; `requests_left` tells an old request from a new one."""

    report_id: ReportId
    camera: CameraId
    epoch: int
    track: TrackId
    requests_left: int
    asked_s: float


class EvidenceRequests:
    """The open ones, at most one per report; any thread may call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[ReportId, OpenRequest] = {}

    def ask(self, asked: EvidenceRequest) -> None:
        """Take a request from the wire; asked again, the first one stays."""
        epoch, track = track_of(asked.report_id)
        request = OpenRequest(
            report_id=asked.report_id,
            camera=asked.camera,
            epoch=epoch,
            track=TrackId(track),
            requests_left=asked.requests_left,
            asked_s=self._clock.mono(),
        )
        with self._lock:
            cameras = [one.camera for one in self._open.values()]
            if len(cameras) < _MOST and cameras.count(asked.camera) < _MOST_OF_A_CAMERA:
                self._open.setdefault(asked.report_id, request)

    def open(self) -> tuple[OpenRequest, ...]:
        """Those that are to be answered, oldest first; the forgotten ones go."""
        now = self._clock.mono()
        with self._lock:
            for request in tuple(self._open.values()):
                if now - request.asked_s > _FORGOTTEN_S:
                    del self._open[request.report_id]
            return tuple(self._open.values())

    def close(self, request: OpenRequest) -> None:
        """It was answered."""
        with self._lock:
            self._open.pop(request.report_id, None)
