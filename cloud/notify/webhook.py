"""A destination that takes signed CloudEvents over HTTP.

SHELL. At least once: an answer that is lost is asked for again, under the same `webhook-id`, by
which the receiver knows it. 2xx is acknowledged; 400, 410, 413, 415 and 422 speak of the message
and are final; everything else, redirects and wrong credentials included, is tried again until it is
repaired or too old. Called by `destination_worker`.
"""

from __future__ import annotations

from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.destination_settings import WebhookSettings
from cloud.notify.http_client import AddressRefused, HttpAnswer, HttpFailure, HttpReach
from cloud.notify.webhook_message import event_body, signed_headers
from contract.cloudevent import CONTENT_TYPE
from service.clock import Clock

FINAL = frozenset({400, 410, 413, 415, 422})
MAX_RETRY_AFTER_S = 3600.0


class Webhook:
    """One endpoint."""

    def __init__(self, settings: WebhookSettings, key: bytes, clock: Clock) -> None:
        self._settings, self._key, self._clock = settings, key, clock
        self._reach = HttpReach(settings.allow_networks, settings.ca_file)

    @property
    def with_picture(self) -> bool:
        return self._settings.pictures

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        picture = attempt.picture
        if picture is not None and len(picture) > self._settings.max_picture_bytes:
            picture = None
        body = event_body(attempt.notice, picture)
        now_s = int(self._clock.now().timestamp())
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "stillwatch"}
        headers |= signed_headers(self._key, attempt.notice.key, now_s, body)
        try:
            answer = self._reach.request(
                "POST", self._settings.url, body, headers, self._settings.timeout_s
            )
        except (HttpFailure, AddressRefused) as error:
            return TryAgain(str(error))
        return outcome_of(answer, FINAL)

    def idle(self) -> None:
        """HTTP has nothing to supervise."""


def outcome_of(answer: HttpAnswer, final: frozenset[int]) -> DeliveryOutcome:
    """What an answer means, where the statuses in `final` speak of the one message."""
    if 200 <= answer.status < 300:
        return Acknowledged(f"HTTP {answer.status}")
    words = answer.body[:200].decode("utf-8", "replace").strip()
    reason = f"HTTP {answer.status}" + (f": {words}" if words.isprintable() and words else "")
    if answer.status in final:
        return NotWanted(reason)
    if 300 <= answer.status < 400:
        where = (answer.location or "nowhere")[:200]
        return TryAgain(f"HTTP {answer.status}, a redirect to {where}: give the last address")
    after_s = None if answer.retry_after_s is None else min(answer.retry_after_s, MAX_RETRY_AFTER_S)
    return TryAgain(reason, after_s=after_s)
