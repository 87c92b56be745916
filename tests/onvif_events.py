"""The events of an ONVIF camera for tests: pull points that wait, are renewed and run out."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FORGOTTEN = (
    "<env:Fault><env:Code><env:Value>env:Receiver</env:Value><env:Subcode><env:Value>"
    'ter:InvalidArgVal</env:Value></env:Subcode></env:Code><env:Reason><env:Text xml:lang="en">'
    "no such subscription</env:Text></env:Reason></env:Fault>"
)
CELL_MOTION = "tns1:RuleEngine/CellMotionDetector/Motion"
NAMESPACES = (
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl"'
    ' xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"'
    ' xmlns:wsa5="http://www.w3.org/2005/08/addressing"'
    ' xmlns:tns1="http://www.onvif.org/ver10/topics"'
)


def notification(
    topic: str, value: str, name: str = "IsMotion", operation: str = "Changed", rule: str = "000"
) -> str:
    """A message as cameras write it."""
    return (
        "<wsnt:NotificationMessage><wsnt:Topic"
        ' Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        f'{topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-01-01T00:00:00Z"'
        f' PropertyOperation="{operation}"><tt:Source><tt:SimpleItem Name="Rule" Value="{rule}"/>'
        f'</tt:Source><tt:Data><tt:SimpleItem Name="{name}" Value="{value}"/></tt:Data>'
        "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


@dataclass
class OnvifEvents:
    """Its pull points by number, and what they have to say."""

    renews: bool = True
    moving: bool = False
    initialised: bool = True
    waiting: dict[str, list[str]] = field(default_factory=dict)
    unsubscribed: list[str] = field(default_factory=list)
    _last: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def say(self, moving: bool) -> None:
        """Motion begins or ends."""
        self.moving = moving
        self.notify(notification(CELL_MOTION, str(moving).lower()))

    def notify(self, message: str) -> None:
        """To every pull point."""
        with self._changed:
            for queue in self.waiting.values():
                queue.append(message)
            self._changed.notify_all()

    def forget(self) -> None:
        """As a camera that started anew."""
        with self._changed:
            self.waiting.clear()
            self._changed.notify_all()

    def body(self, operation: str, request: str, at: str) -> str | None:
        """What it says to `operation` of the events service at the address `at`."""
        found = re.search(r"subscription/(\d+)<", request)
        point = found[1] if found else ""
        match operation:
            case "CreatePullPointSubscription":
                return self._create(at)
            case "PullMessages":
                return self._pull(point, request)
            case "Renew" if self.renews:
                known = point in self.waiting
                return _timed("<wsnt:RenewResponse>{}</wsnt:RenewResponse>") if known else FORGOTTEN
            case "Unsubscribe":
                self.unsubscribed.append(point)
                self.waiting.pop(point, None)
                return "<wsnt:UnsubscribeResponse/>"
        return None

    def _create(self, at: str) -> str:
        with self._changed:
            self._last += 1
            first = notification(CELL_MOTION, str(self.moving).lower(), operation="Initialized")
            self.waiting[str(self._last)] = [first] if self.initialised else []
        return _timed(
            f"<tev:CreatePullPointSubscriptionResponse {NAMESPACES}><tev:SubscriptionReference>"
            f"<wsa5:Address>{at}/subscription/{self._last}</wsa5:Address>"
            "</tev:SubscriptionReference>{}</tev:CreatePullPointSubscriptionResponse>"
        )

    def _pull(self, point: str, request: str) -> str:
        asked = re.search(r"Timeout>PT(\d+)S<", request)
        with self._changed:
            self._changed.wait_for(
                lambda: self.waiting.get(point) != [], float(asked[1]) if asked else 1.0
            )
            if point not in self.waiting:
                return FORGOTTEN
            said, self.waiting[point] = self.waiting[point], []
        return (
            f"<tev:PullMessagesResponse {NAMESPACES}><tev:CurrentTime>{_time()}</tev:CurrentTime>"
            f"<tev:TerminationTime>{_time(60)}</tev:TerminationTime>{''.join(said)}"
            "</tev:PullMessagesResponse>"
        )


def _timed(text: str) -> str:
    times = (
        f"<wsnt:CurrentTime>{_time()}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{_time(60)}</wsnt:TerminationTime>"
    )
    response = text.format(times)
    return (
        response
        if NAMESPACES in response
        else response.replace("Response>", f"Response {NAMESPACES}>", 1)
    )


def _time(seconds: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
