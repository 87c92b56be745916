"""Destinations that are browsers and phones: web push (RFC 8030, 8291, 8292).

SHELL. Everything that subscribed under the destination's name gets each message, encrypted for it
alone; the push service learns only that there is one. The messages of an event have one topic, so a
phone that was off gets the newest alone, and one tag, so a phone shows one. A subscription that its
service says is gone is forgotten. Endpoints are what browsers told us, so they are held against
`addresses` like any other. Called by `destination_worker`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from cloud.notify.delivery import (
    Acknowledged,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.http_client import AddressRefused, HttpFailure, HttpReach
from cloud.notify.notice import Notice
from cloud.notify.ntfy import priority
from cloud.notify.push_settings import WebPushSettings
from cloud.notify.texts import text, title
from cloud.notify.webhook import outcome_of
from cloud.settings import SettingsError
from service.clock import Clock
from service.events import Event, log

GONE = frozenset({404, 410})
FINAL = frozenset({400, 413})
MAX_TEXT = 2000
_VAPID_S = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """As a browser gave it: where, and the keys to encrypt for it."""

    endpoint: str
    p256dh: str
    auth: str


class PushSubscribers(Protocol):
    """Who subscribed, and to whom what was sent already."""

    def of(self, destination: str) -> list[PushSubscription]:
        """All of a destination."""
        ...

    def forget(self, endpoint: str) -> None:
        """It is gone."""
        ...


class WebPush:
    """All that subscribed under one name."""

    def __init__(
        self,
        name: str,
        settings: WebPushSettings,
        clock: Clock,
        link: str | None,
    ) -> None:
        """Raises `SettingsError` without the package, or for a key that is none."""
        self._name, self._settings, self._clock, self._link = name, settings, clock, link
        self._subscriptions: PushSubscribers | None = None
        self._reach = HttpReach(settings.allow_networks, settings.ca_file)
        self._sealer = PushSealer(settings.vapid_key, settings.contact)
        self._sent: dict[str, set[str]] = {}

    def use(self, subscriptions: PushSubscribers) -> None:
        """From here on these are told."""
        self._subscriptions = subscriptions

    @property
    def with_picture(self) -> bool:
        return False

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        """Acknowledged once every subscription has it; those that have it are not sent it again
        at the next try, unless the process was killed meanwhile."""
        if self._subscriptions is None:
            return TryAgain("only `notify run` knows who subscribed")
        key = attempt.notice.key
        sent = self._sent.setdefault(key, set())
        failed: list[TryAgain] = []
        for one in self._subscriptions.of(self._name):
            if one.endpoint not in sent:
                outcome = self._push(one, attempt.notice)
                if isinstance(outcome, TryAgain):
                    failed.append(outcome)
                else:
                    sent.add(one.endpoint)
        if failed:
            self._sent = {key: sent}
            after_s = max((one.after_s or 0.0 for one in failed), default=0.0)
            return TryAgain(failed[0].reason, after_s or None, all_wait=False)
        self._sent.pop(key, None)
        return Acknowledged(f"{len(sent)} subscriptions")

    def idle(self) -> None:
        """HTTP has nothing to supervise."""

    def _push(self, one: PushSubscription, notice: Notice) -> DeliveryOutcome:
        headers = {
            "TTL": str(self._settings.ttl_s),
            "Urgency": "high" if priority(notice) >= 4 else "normal",
            "Topic": topic_of(notice),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
        }
        try:
            body = self._sealer.sealed(one, push_body(notice, self._link))
            headers |= self._sealer.authorisation(one, int(self._clock.now().timestamp()))
            answer = self._reach.request(
                "POST", one.endpoint, body, headers, self._settings.timeout_s
            )
        except ValueError as error:
            return self._forgotten(one, f"its keys are none: {error}")
        except HttpFailure as error:
            return TryAgain(str(error))
        except AddressRefused as error:
            return self._forgotten(one, str(error))
        if answer.status in GONE:
            return self._forgotten(one, f"HTTP {answer.status}")
        outcome = outcome_of(answer, FINAL)
        if isinstance(outcome, NotWanted):
            log(Event.NOTIFICATION_FAILED, destination=self._name, reason=outcome.reason)
        return outcome

    def _forgotten(self, one: PushSubscription, reason: str) -> DeliveryOutcome:
        if self._subscriptions is not None:
            self._subscriptions.forget(one.endpoint)
        where = urlsplit(one.endpoint).hostname
        log(Event.SUBSCRIPTION_FORGOTTEN, destination=self._name, service=where, reason=reason)
        return NotWanted(reason)


def push_body(notice: Notice, link: str | None) -> bytes:
    """What a service worker shows: `tag` is the event's, so a newer one replaces it."""
    facts: dict[str, object] = {
        "title": title(notice),
        "body": text(notice)[:MAX_TEXT],
        "tag": topic_of(notice),
        "id": notice.about,
        "stage": notice.stage,
        "renotify": notice.stage == "first",
        "silent": priority(notice) <= 2,
    }
    if link is not None:
        facts["url"] = link.replace("{id}", notice.about)
    return json.dumps(facts, ensure_ascii=False).encode()


def topic_of(notice: Notice) -> str:
    """At most 32 characters of base64url, as RFC 8030 wants."""
    return hashlib.sha256(notice.event.encode()).hexdigest()[:32]


class PushSealer:
    """Encrypts for a subscription, and says who we are."""

    def __init__(self, key: Path, contact: str) -> None:
        """Raises `SettingsError`."""
        try:
            from http_ece import ECEException  # noqa: PLC0415
            from py_vapid import Vapid02, VapidException  # noqa: PLC0415, of the extra `notify`
            from pywebpush import WebPusher, WebPushException  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError(
                "web push needs the extra `notify`: pip install stillwatch[notify]"
            ) from error
        self._pusher, self._contact = WebPusher, contact
        self._flaws = (ValueError, WebPushException, ECEException)
        try:
            self._vapid = Vapid02.from_file(str(key))
        except (OSError, ValueError, VapidException) as error:
            raise SettingsError(
                f"vapid_key {key}: {error}; make one with `notify vapid-key`"
            ) from error

    def sealed(self, one: PushSubscription, body: bytes) -> bytes:
        """RFC 8291, aes128gcm; raises `ValueError` for keys that are none."""
        keys = {"p256dh": one.p256dh, "auth": one.auth}
        try:
            pusher = self._pusher({"endpoint": one.endpoint, "keys": keys})
            return bytes(pusher.encode(body, content_encoding="aes128gcm")["body"])
        except self._flaws as error:
            raise ValueError(str(error)) from error

    def authorisation(self, one: PushSubscription, now_s: int) -> Mapping[str, str]:
        """RFC 8292: valid for half a day, for that service alone."""
        url = urlsplit(one.endpoint)
        claims = {
            "aud": f"{url.scheme}://{url.netloc}",
            "sub": self._contact,
            "exp": now_s + _VAPID_S,
        }
        return {str(name): str(value) for name, value in self._vapid.sign(claims).items()}
