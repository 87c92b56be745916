"""Rounds over all cameras: who is silent, whose pictures are useless, and who must be notified.

SHELL, on the control loop's thread; on-connect messages may be asked for on others. What a camera's
pictures show is checked on the analysis threads (`health.camera_health`), how long it is silent
here, by the counters of frames. A change is said at once on `status`, on `health` and in the log;
figures that always change are said on `health` at the interval of `stats`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from contract.ids import CameraId
from edge.config.health import Fault
from edge.config.schema import CameraConfig, EdgeConfig
from edge.daemon.status_messages import StatusMessages
from edge.health.camera_conditions import CameraCondition, CameraStatus
from edge.health.camera_health import FAULTS
from edge.health.offline import Arrivals, await_first, check_offline, count_arrivals, limit_s
from edge.health.refused_in_a_row import RefusedInARow, count_refused, main_reason
from edge.metrics.counters import Counters
from edge.metrics.funnel import Funnel
from edge.records import Notices
from service.clock import Clock
from service.events import Event, log
from service.link import Publication

_ROUND_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSources:
    """What is known of cameras elsewhere: the `followed` have sent something; `faults` are what
    their pictures show; the `known` are those too that something was said about in an earlier run;
    `notices` are what was found out about a camera."""

    followed: Callable[[], tuple[CameraId, ...]]
    faults: Callable[[CameraId], tuple[Fault, ...]]
    known: Callable[[], tuple[CameraId, ...]] = tuple
    notices: Callable[[CameraId], Notices] = lambda _: Notices()


class CameraWatch:
    """The condition of every camera that is followed or listed."""

    def __init__(
        self,
        current: Callable[[], EdgeConfig],
        counters: Counters,
        status_messages: StatusMessages,
        clock: Clock,
        publish: Callable[[Iterable[Publication]], None],
        sources: CameraSources,
    ) -> None:
        self._current = current
        self._counters = counters
        self._status_messages = status_messages
        self._clock = clock
        self._sources = sources
        self._publish = publish
        self._listening_at_s = math.inf
        self._round_at_s = self._said_at_s = -math.inf
        self._arrivals: dict[CameraId, Arrivals] = {}
        self._usable: dict[CameraId, int] = {}
        self._refusals: dict[CameraId, RefusedInARow] = {}
        self._since_s: dict[tuple[CameraId, Fault], float] = {}
        self._conditions: dict[CameraId, CameraCondition] = {}

    def conditions(self) -> Mapping[CameraId, CameraCondition]:
        """As of the last round; any thread may ask."""
        return self._conditions

    def noticed(self) -> Mapping[str, object] | None:
        """By camera, for `stats`; None where there is nothing to say."""
        said = {camera: one.notices.as_json() for camera, one in self._conditions.items()}
        return {camera: facts for camera, facts in said.items() if facts} or None

    def on_connect(self) -> Iterator[Publication]:
        """What must stand at the broker after a connect."""
        for camera, condition in self._conditions.items():
            yield self._status_messages.camera_status(camera, condition.status)
            yield self._status_messages.camera_health(camera, condition)
        for camera in self._sources.known():
            if camera not in self._conditions:
                yield self._status_messages.camera_status(camera, self._unheard(camera))

    def on_stop(self) -> Iterator[Publication]:
        """No camera is online through a gateway that has stopped."""
        for camera, condition in self._conditions.items():
            if condition.status != "disabled":
                yield self._status_messages.camera_status(camera, "offline")

    def _unheard(self, camera: CameraId) -> CameraStatus:
        """Of a camera of an earlier run that has sent nothing in this one: what the broker keeps of
        it is of that run. Single pictures may be days apart, so silence says nothing there."""
        settings = self._settings(camera)
        if not settings.enabled:
            return "disabled"
        return "online" if settings.kind == "snapshot" else "offline"

    def tick(self, listening: bool) -> None:
        """Once a turn of the control loop; `listening`: whether pictures can reach us."""
        now = self._clock.mono()
        self._listening_at_s = min(self._listening_at_s, now) if listening else math.inf
        if now - self._round_at_s < _ROUND_S:
            return
        self._round_at_s = now
        anyway = now - self._said_at_s >= self._current().runtime.stats_s
        if anyway:
            self._said_at_s = now
        funnels = self._counters.snapshot()
        conditions = {}
        for camera in self._cameras():
            condition = self._checked(camera, funnels.get(camera, Funnel()), now)
            if condition is not None:
                conditions[camera] = condition
                self._publish_condition(camera, condition, anyway, now)
        self._conditions = conditions
        self._forget_all_but(set(self._cameras()))

    def _forget_all_but(self, cameras: Collection[CameraId]) -> None:
        """Nothing is kept of a camera that is neither followed nor listed any more."""
        for table in (self._arrivals, self._usable, self._refusals):
            for camera in [one for one in table if one not in cameras]:
                del table[camera]
        for camera, fault in [key for key in self._since_s if key[0] not in cameras]:
            del self._since_s[camera, fault]

    def _cameras(self) -> tuple[CameraId, ...]:
        listed = map(CameraId, self._current().cameras)
        return tuple(dict.fromkeys((*self._sources.followed(), *listed)))

    def _settings(self, camera: CameraId) -> CameraConfig:
        return self._current().of_camera(camera)

    def _checked(self, camera: CameraId, funnel: Funnel, now: float) -> CameraCondition | None:
        """None of a listed camera that may still send its first picture."""
        settings = self._settings(camera)
        if not settings.enabled:
            self._arrivals.pop(camera, None)
            self._refusals.pop(camera, None)
            return self._condition("disabled", (), funnel, None, now)
        arrivals = self._arrivals[camera] = self._listen(camera, settings, funnel, now)
        refused_for = self._refused_for(camera, settings, funnel, now)
        heard = arrivals.offline or arrivals.pictures or refused_for
        if not heard and camera not in self._sources.followed():
            return None
        offline = arrivals.offline and not refused_for
        own: tuple[Fault, ...] = ("offline",) if offline else ()
        own += ("unusable",) if refused_for else ()
        shown = own + self._sources.faults(camera)
        reasons = tuple(fault for fault in FAULTS if fault in shown)
        status: CameraStatus = "degraded" if reasons else "online"
        if offline:
            status = "offline"
        condition = self._condition(status, reasons, funnel, arrivals, now)
        return replace(condition, notices=self._sources.notices(camera), refused_for=refused_for)

    def _refused_for(
        self, camera: CameraId, settings: CameraConfig, funnel: Funnel, now: float
    ) -> str:
        """Why nothing of what the camera sends can be used; empty if something can."""
        health = self._current().health_of(settings)
        before = self._refusals.get(camera, RefusedInARow())
        decoded = funnel.quiet + funnel.analysed
        refusals = count_refused(before, funnel.rejected_by, decoded, now)
        self._refusals[camera] = refusals
        if not health.enabled or "unusable" in health.ignore:
            return ""
        silent_s = limit_s(self._arrivals[camera], settings.kind, health)
        return main_reason(refusals, now, health.enter_s, silent_s)

    def _listen(
        self, camera: CameraId, settings: CameraConfig, funnel: Funnel, now: float
    ) -> Arrivals:
        health = self._current().health_of(settings)
        arrivals = self._arrivals.get(camera) or await_first(now)
        usable = funnel.received - funnel.rejected
        came = usable - self._usable.get(camera, 0)
        if came > 0:
            self._usable[camera] = usable
            arrivals = count_arrivals(arrivals, came, now, health)
        return check_offline(arrivals, settings.kind, now, self._listening_at_s, health)

    @staticmethod
    def _condition(
        status: CameraStatus,
        reasons: tuple[Fault, ...],
        funnel: Funnel,
        arrivals: Arrivals | None,
        now: float,
    ) -> CameraCondition:
        seen = arrivals if arrivals is not None and arrivals.pictures else None
        return CameraCondition(
            status=status,
            reasons=reasons,
            last_frame_age_s=None if seen is None else now - seen.last_at_s,
            fps_in=0.0 if seen is None else seen.rate(now),
            superseded=funnel.superseded,
            rejected=funnel.rejected_by,
        )

    def _publish_condition(
        self, camera: CameraId, condition: CameraCondition, anyway: bool, now: float
    ) -> None:
        before = self._conditions.get(camera)
        if before is None or before.status != condition.status:
            self._publish((self._status_messages.camera_status(camera, condition.status),))
        reasons_before = () if before is None else before.reasons
        noticed_before = Notices() if before is None else before.notices
        changed = (reasons_before, noticed_before) != (condition.reasons, condition.notices)
        if anyway or before is None or changed:
            self._publish((self._status_messages.camera_health(camera, condition),))
        for fault in FAULTS:
            if (fault in condition.reasons) != (fault in reasons_before):
                self._log(camera, fault, condition, now)
        if noticed_before.auto_masks != condition.notices.auto_masks:
            log(
                Event.AUTO_MASK_CHANGED,
                camera=camera,
                **{"auto_masks": [], **condition.notices.as_json()},
            )

    def _log(self, camera: CameraId, fault: Fault, condition: CameraCondition, now: float) -> None:
        if fault not in condition.reasons:
            after_s = round(now - self._since_s.pop((camera, fault), now), 1)
            log(Event.CAMERA_RECOVERED, camera=camera, reason=fault, after_s=after_s)
            return
        self._since_s[camera, fault] = now
        if fault == "offline":
            age_s = condition.last_frame_age_s
            silent_s = None if age_s is None else round(age_s, 1)
            log(Event.CAMERA_LOST, camera=camera, reason=fault, silent_s=silent_s)
        elif fault == "squeezed":
            key = f"cameras.{camera}.pixel_aspect: {condition.notices.proposed_pixel_aspect}"
            log(Event.CAMERA_DEGRADED, camera=camera, reason=fault, configure=key)
        elif fault == "resizing":
            key = f"cameras.{camera}.kind: snapshot"
            log(Event.CAMERA_DEGRADED, camera=camera, reason=fault, configure=key)
        elif fault == "unusable":
            why = condition.refused_for
            log(Event.CAMERA_DEGRADED, camera=camera, reason=fault, refused_for=why)
        else:
            log(Event.CAMERA_DEGRADED, camera=camera, reason=fault)
