"""Notifies one destination of what it has not heard: one verdict after the other, each once.

SHELL, on a thread of its own, so that a destination that hangs costs nobody else anything. What is
under way on a connection is waited for and never sent twice on it; what the destination refuses is
final; what cannot be reached is tried again with a back-off that grows.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from contract.verdict import Verdict
from edge.deliver.context import DeliveryContext
from edge.deliver.destinations import Destination
from edge.deliver.notifications import Notification
from edge.errors import OutboxError
from service.backoff import delay_s
from service.events import Event, log
from service.outcomes import (
    LOST_S,
    Delivered,
    NotConnected,
    Pending,
    PublishOutcome,
    Refused,
    TimedOut,
)

PATIENCE_S = 0.25
"""How long a step waits for the answer to what is under way; then it is asked again."""

SILENT_S = 10.0
"""Without an answer for so long it is said in the log."""


@dataclass(slots=True)
class _NotificationUnderWay:
    notification: Notification
    pending: Pending
    since_s: float
    said: bool = False


class Notifier:
    """Of one destination."""

    def __init__(
        self,
        destination: Destination,
        context: DeliveryContext,
        rng: random.Random,
        notified: Callable[[Verdict], None] = lambda _verdict: None,
    ) -> None:
        """`notified` is told of each verdict that the destination took."""
        self._destination = destination
        self._notifications = context.outbox.notifications
        self._clock = context.clock
        self._settings = context.settings
        self._trace = context.trace
        self._rng = rng
        self._notified = notified
        self._failures = 0
        self._resume_s = 0.0
        self._under_way: _NotificationUnderWay | None = None

    def step(self) -> bool:
        """One verdict further; False if there is nothing to do now."""
        try:
            return self._step()
        except OutboxError as error:  # a disk that takes no mark: the next step tries to record it
            self._pause(str(error))
            return False

    def _step(self) -> bool:
        if self._under_way is None:
            self._under_way = self._begin()
        if self._under_way is None:
            return False
        current = self._under_way
        outcome = current.pending.wait(PATIENCE_S)
        if isinstance(outcome, TimedOut) and not self._lost(current):
            return True
        self._settle(current.notification, outcome)
        self._under_way = None  # only now: what cannot be recorded must not be sent again
        return True

    def _begin(self) -> _NotificationUnderWay | None:
        now = self._clock.mono()
        if now < self._resume_s:
            return None
        notification = self._notifications.next(self._destination.name)
        if notification is None:
            return None
        return _NotificationUnderWay(
            notification, self._destination.notify(notification.verdict), now
        )

    def _lost(self, current: _NotificationUnderWay) -> bool:
        waited_s = self._clock.mono() - current.since_s
        if waited_s >= SILENT_S and not current.said:
            current.said = True
            self._say(current.notification, f"no acknowledgement for {SILENT_S:g} s", None)
        return waited_s >= LOST_S

    def _settle(self, notification: Notification, outcome: PublishOutcome) -> None:
        match outcome:
            case Delivered():
                self._failures = 0
                self._notifications.end(notification.key, "delivered")
                self._notified(notification.verdict)
                self._trace.reached(notification.report_id, "notified", self._destination.name)
            case Refused(reason=reason):
                self._notifications.end(notification.key, "refused", reason)
                self._held_up(notification, reason, final=True)
                log(
                    Event.NOTIFICATION_FAILED,
                    destination=self._destination.name,
                    report_id=notification.report_id,
                    state="refused",
                    reason=reason,
                )
            case NotConnected(reason=reason):
                self._pause(reason, notification)
            case TimedOut():  # of this one: the others need not wait for it
                wait_s = self._wait_s()
                self._notifications.postpone(notification.key, self._clock.mono() + wait_s)
                self._say(notification, f"no acknowledgement within {LOST_S:g} s", wait_s)

    def _pause(self, reason: str, notification: Notification | None = None) -> None:
        """Nobody can be notified now."""
        wait_s = self._wait_s()
        self._resume_s = self._clock.mono() + wait_s
        self._say(notification, reason, wait_s)

    def _wait_s(self) -> float:
        self._failures += 1
        return delay_s(self._failures - 1, self._settings().backoff_max_s, self._rng)

    def _held_up(self, notification: Notification, reason: str, *, final: bool = False) -> None:
        name = self._destination.name
        self._trace.held_up(notification.report_id, "notified", reason, name, final=final)

    def _say(
        self, notification: Notification | None, reason: str, again_in_s: float | None
    ) -> None:
        if notification is not None:
            self._held_up(notification, reason)
        about = {} if notification is None else {"report_id": notification.report_id}
        when = {} if again_in_s is None else {"again_in_s": round(again_in_s, 1)}
        name = self._destination.name
        log(Event.DELIVERY_FAILED, destination=name, reason=reason, **about, **when)
