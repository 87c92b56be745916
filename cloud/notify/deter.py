"""A destination that is a topic of the cloud's broker: a light, a siren, a voice.

SHELL. At least once, of a command that means the same each time. What is too old deters nobody. For
some time after a command none goes to the same topic, so no cloud of alarms wears out a siren; that
time begins anew with a restart. Called by `destination_worker`.
"""

from __future__ import annotations

from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.notice import Notice
from cloud.notify.push_settings import DeterSettings
from service.clock import Clock
from service.link import Link
from service.outcomes import Delivered, NotConnected, Refused, TimedOut

_KEPT = 10_000


class DeterOutput:
    """One kind of output; `use` gives it the process's connection."""

    def __init__(self, settings: DeterSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._link: Link | None = None
        self._commanded_s: dict[str, float] = {}

    def use(self, link: Link) -> None:
        """From here on it speaks over `link`."""
        self._link = link

    @property
    def with_picture(self) -> bool:
        return False

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        notice, settings = attempt.notice, self._settings
        if notice.kind != "alarm" or notice.stage in ("picture", "digest"):
            return Acknowledged("nothing to command")
        topic = self._topic(notice)
        if notice.stage in ("refuted", "ended"):
            if settings.end_payload is None:
                return Acknowledged("nothing to command")
            return self._say(topic, settings.end_payload)
        age_s = self._clock.now().timestamp() - attempt.planned_at_s
        if age_s > settings.max_age_s:
            return NotWanted(f"the alarm is {age_s:.0f} s old: it deters nobody")
        since_s = self._clock.mono() - self._commanded_s.get(topic, float("-inf"))
        if since_s < settings.hold_off_s:
            return NotWanted(f"the last command was {since_s:.0f} s ago (hold_off_s)")
        outcome = self._say(topic, settings.payload)
        if isinstance(outcome, Acknowledged):
            self._commanded_s[topic] = self._clock.mono()
            while len(self._commanded_s) > _KEPT:
                del self._commanded_s[next(iter(self._commanded_s))]
        return outcome

    def idle(self) -> None:
        """The link supervises itself."""

    def _topic(self, notice: Notice) -> str:
        names = {"site": notice.site, "gateway": notice.gateway, "camera": notice.camera or ""}
        topic = self._settings.topic
        for name, value in names.items():
            topic = topic.replace(f"{{{name}}}", value)
        return topic

    def _say(self, topic: str, payload: str) -> DeliveryOutcome:
        if self._link is None:
            return TryAgain("not connected yet")
        outcome = self._link.publish(topic, payload.encode(), 1, False).wait(
            self._settings.timeout_s
        )
        match outcome:
            case Delivered():
                return Acknowledged(topic)
            case Refused(reason=reason):
                return NotWanted(reason)
            case NotConnected(reason=reason):
                return TryAgain(reason)
            case TimedOut():
                return TryAgain(f"no acknowledgement within {self._settings.timeout_s:g} s")
