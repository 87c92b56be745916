"""Whether anybody subscribes to the reports that the broker takes.

SHELL, though it opens nothing. A broker with MQTT 5 says so with its acknowledgement; one with MQTT
3.1.1 never does, and then nothing is said here. Noted by the courier and by verdicts, asked by
the gateway's health.
"""

from __future__ import annotations

from contract.ids import ReportId
from service.clock import Clock
from service.events import Event, log

UNHEARD = "No matching subscribers"
"""MQTT 5's reason code 0x10 of a PUBACK, as paho words it."""


class Audience:
    """Since when reports go to nobody; any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_s: float | None = None

    def note(self, report: ReportId, words: str) -> None:
        """The broker acknowledged a report with these words."""
        if words != UNHEARD:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = self._clock.mono()
            log(Event.REPORT_UNHEARD, report_id=report)

    def answered(self) -> None:
        """Somebody decided on a report."""
        self._since_s = None

    def missing_s(self) -> float:
        """For how long nobody has been there; 0 if somebody is, or nothing was sent."""
        since_s = self._since_s
        return 0.0 if since_s is None else self._clock.mono() - since_s
