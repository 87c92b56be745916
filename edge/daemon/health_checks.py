"""Who may keep an alarm from a person: one check for each part of the gateway.

SHELL. A part that can fail adds a function here and a line in `checks`; what it names stands in
`edge.health.reasons`. Called by `daemon` when the gateway is built.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.daemon.gateway import Gateway
from edge.daemon.heartbeat import Pulse, late
from edge.deliver.notifications import Backlog
from edge.deliver.outbox_records import Depth
from edge.deliver.store_probe import StoreProbe
from edge.health.camera_conditions import CameraCondition
from edge.health.clocksync import WRITTEN_AT
from edge.health.gateway_health import NOTED_S, HealthCheck
from edge.health.reasons import HealthReason, Problem
from edge.metrics.funnel import Funnel
from imaging.admission import Reason
from service.clock import Clock
from service.link import LinkState

REFUSED_S = 60.0
MOST_REJECTED, LEAST_REJECTED = 0.5, 10
"""The share of refused pictures that is named, of at least so many refused."""

_INTENDED = frozenset((Reason.DISABLED, Reason.RETAINED))

UNSET_S = 900.0
"""A time server has answered by then, if there is one."""

MOST_INCREASES = 1000
"""Steps of a count that are remembered; a count that rises faster has risen lately anyway."""


def checks(gateway: Gateway) -> tuple[HealthCheck, ...]:
    """Everything that is asked whenever somebody wants to know how the gateway is."""
    return (
        lambda: stalled(gateway.pulses(), gateway.clock),
        lambda: disconnected(gateway.links()),
        lambda: taken(gateway.links()),
        lambda: unsaved(gateway.outbox.depth()),
        lambda: unstored(gateway.delivery.store_probe),
        lambda: unheard(gateway.delivery.audience.missing_s(), gateway.config().deliver.late_s),
        lambda: silent(gateway.config(), gateway.camera_watch.conditions()),
        RejectedFrames(
            lambda: gateway.camera_watch.conditions().keys(),
            gateway.counters.snapshot,
            gateway.clock,
        ),
        lambda: unusable(gateway.camera_watch.conditions()),
        lambda: delayed(
            gateway.outbox.oldest_s(),
            gateway.outbox.notifications.backlogs(),
            gateway.config().deliver.late_s,
        ),
        RecentIncrease(
            HealthReason.NOTIFICATION_FAILED,
            lambda: undelivered(gateway.outbox.notifications.backlogs()),
            gateway.clock,
            "verdicts were refused or given up",
        ),
        RecentIncrease(
            HealthReason.ANSWERS_REFUSED,
            gateway.counters.refusals.suspicious,
            gateway.clock,
            "verdicts or evidence requests were refused",
        ),
        RecentIncrease(
            HealthReason.SUSPICION_LOST,
            lambda: sum(funnel.lost for funnel in gateway.counters.snapshot().values()),
            gateway.clock,
            "could not be kept or were evicted",
        ),
        RecentIncrease(
            HealthReason.REPORT_GIVEN_UP,
            lambda: buried(gateway.outbox.depth()),
            gateway.clock,
            "reports were given up",
            seen=buried(gateway.outbox.depth()),
        ),
        ClockUnset(gateway.synchronised, gateway.clock),
        gateway.enrolment.problems,
        lambda: gateway.self_tests.record.problems(gateway.config().self_test.every_s),
        gateway.updates.problems,
        gateway.watch_proof.problems,
    )


def stalled(pulses: tuple[Pulse, ...], clock: Clock) -> Iterator[Problem]:
    """Threads that make no progress."""
    for one in late(pulses, clock.mono()):
        yield Problem(reason=HealthReason.WORKER_STALLED, subject=one.worker, detail=str(one))


def disconnected(links: Mapping[str, LinkState]) -> Iterator[Problem]:
    """Brokers that cannot be reached, or do not let us listen."""
    for name, state in links.items():
        if not state.connected:
            yield Problem(reason=HealthReason.LINK_DOWN, subject=name, detail=state.reason)
        elif state.refused_filters and not state.ready:
            filters = ", ".join(state.refused_filters)
            yield Problem(
                reason=HealthReason.SUBSCRIPTION_REFUSED,
                subject=name,
                detail=f"{filters}: {state.reason}",
            )
        elif not state.ready:
            detail = "connected, subscriptions not granted yet"
            yield Problem(reason=HealthReason.LINK_DOWN, subject=name, detail=detail)


def taken(links: Mapping[str, LinkState]) -> Iterator[Problem]:
    """Links whose place at the broker another client takes, connected this moment or not."""
    for name, state in links.items():
        if state.conflict:
            yield Problem(reason=HealthReason.ID_IN_USE, subject=name, detail=state.conflict)


def delayed(oldest_s: float, backlogs: Mapping[str, Backlog], late_s: float) -> Iterator[Problem]:
    """Reports without a verdict and verdicts that nobody takes, both over `late_s` old."""
    if oldest_s > late_s:
        detail = f"the oldest report has waited {oldest_s:.0f} s for the cloud's verdict"
        yield Problem(reason=HealthReason.DELIVERY_LATE, subject="reports", detail=detail)
    for name, backlog in backlogs.items():
        if backlog.oldest_s > late_s:
            detail = f"{backlog.waiting} verdicts wait, the oldest for {backlog.oldest_s:.0f} s"
            yield Problem(reason=HealthReason.DELIVERY_LATE, subject=name, detail=detail)


def unstored(probe: StoreProbe) -> Iterator[Problem]:
    """A store that was not seen to work since the start."""
    if probe.trouble:
        yield Problem(reason=HealthReason.STORE_UNUSABLE, detail=probe.trouble)


def unheard(missing_s: float, late_s: float) -> Iterator[Problem]:
    """Reports to which nobody has subscribed for over `late_s`."""
    if missing_s > late_s:
        detail = f"for {missing_s:.0f} s the broker has said of reports: no matching subscribers"
        yield Problem(reason=HealthReason.NOBODY_LISTENS, detail=detail)


def undelivered(backlogs: Mapping[str, Backlog]) -> int:
    """How many verdicts did not reach a destination, since the start."""
    return sum(
        backlog.ended.get("refused", 0) + backlog.ended.get("given_up", 0)
        for backlog in backlogs.values()
    )


def unsaved(depth: Depth) -> Iterator[Problem]:
    """A disk that is full, read-only or damaged, and what waits in memory because of it."""
    if depth.trouble is not None:
        detail = f"{depth.trouble}: {depth.in_memory} suspicions held in memory"
        yield Problem(reason=HealthReason.DISK_UNUSABLE, detail=detail)


def silent(config: EdgeConfig, conditions: Mapping[CameraId, CameraCondition]) -> Iterator[Problem]:
    """Listed cameras without pictures; whoever merely appeared may leave again."""
    for camera in map(CameraId, config.cameras):
        condition = conditions.get(camera)
        if condition is not None and condition.status == "offline":
            yield Problem(
                reason=HealthReason.CAMERA_SILENT, subject=camera, detail=_silence(condition)
            )


def _silence(condition: CameraCondition) -> str:
    age_s = condition.last_frame_age_s
    rejected = sum(condition.rejected.values())
    came = "no usable picture yet" if age_s is None else f"no usable picture for {age_s:.0f} s"
    return f"{came}; {rejected} rejected" if rejected else came


def unusable(conditions: Mapping[CameraId, CameraCondition]) -> Iterator[Problem]:
    """Cameras of which everything is refused, however seldom they send."""
    for camera, condition in conditions.items():
        if condition.refused_for:
            detail = f"every picture is refused, mostly as {condition.refused_for}"
            yield Problem(reason=HealthReason.PICTURES_REJECTED, subject=camera, detail=detail)


class RejectedFrames:
    """Cameras of whose messages most were no usable picture, lately; looked at whenever asked."""

    def __init__(
        self,
        cameras: Callable[[], Collection[CameraId]],
        funnels: Callable[[], Mapping[CameraId, Funnel]],
        clock: Clock,
    ) -> None:
        """`cameras`: those that are listed or followed; a stranger's junk is nobody's fault."""
        self._cameras, self._funnels, self._clock = cameras, funnels, clock
        self._before: deque[tuple[float, Mapping[CameraId, Funnel]]] = deque()

    def __call__(self) -> Iterator[Problem]:
        """By how many of how many, for which reasons."""
        now, funnels = self._clock.mono(), self._funnels()
        if not self._before or now - self._before[-1][0] >= REFUSED_S / 10:
            self._before.append((now, funnels))
        while len(self._before) > 1 and now - self._before[1][0] >= REFUSED_S:
            self._before.popleft()
        for camera in sorted(self._cameras()):
            before = self._before[0][1].get(camera, Funnel())
            words = _refused(before, funnels.get(camera, Funnel()))
            if words:
                yield Problem(reason=HealthReason.PICTURES_REJECTED, subject=camera, detail=words)


def _refused(before: Funnel, now: Funnel) -> str:
    """What was refused in between, if that is most; empty otherwise."""
    by = {
        reason: count - before.rejected_by.get(reason, 0)
        for reason, count in now.rejected_by.items()
        if reason not in _INTENDED
    }
    count, received = sum(by.values()), now.received - before.received
    if count < LEAST_REJECTED or count < received * MOST_REJECTED:
        return ""
    reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(by.items()) if n)
    return f"{count} of {received} refused: {reasons}"


class RecentIncrease:
    """A count that has grown lately, such as one of losses; it is looked at whenever asked."""

    def __init__(
        self,
        reason: HealthReason,
        count: Callable[[], int],
        clock: Clock,
        unit: str,
        seen: int = 0,
    ) -> None:
        """`seen`: what it was before, and is no news."""
        self._reason, self._count, self._clock, self._unit = reason, count, clock, unit
        self._seen = seen
        self._risen_s: deque[tuple[float, int]] = deque(maxlen=MOST_INCREASES)

    def __call__(self) -> Iterator[Problem]:
        """How much it has grown within `NOTED_S`, if it has."""
        now, count = self._clock.mono(), self._count()
        if count > self._seen:
            self._risen_s.append((now, count - self._seen))
        self._seen = count
        lately = sum(by for at, by in self._risen_s if now - at < NOTED_S)
        if lately:
            yield Problem(reason=self._reason, detail=f"{lately} {self._unit} in the last hour")


def buried(depth: Depth) -> int:
    """Entries whose delivery was given up, and that are kept for a look."""
    return depth.entries.get("buried", 0)


class ClockUnset:
    """A clock that nothing sets; after a start it may take its time, unless it is plainly wrong."""

    def __init__(self, synchronised: Callable[[], bool], clock: Clock) -> None:
        self._synchronised, self._clock = synchronised, clock
        self._since_s: float | None = None

    def __call__(self) -> Iterator[Problem]:
        """Named at once before the program was written, else after `UNSET_S`."""
        now = self._clock.mono()
        if self._synchronised():
            self._since_s = None
            return
        self._since_s = now if self._since_s is None else self._since_s
        if self._clock.now() < WRITTEN_AT or now - self._since_s >= UNSET_S:
            detail = f"it shows {self._clock.now():%Y-%m-%dT%H:%M:%SZ}, and nothing sets it"
            yield Problem(reason=HealthReason.CLOCK_WRONG, detail=detail)
