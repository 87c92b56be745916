"""Browsers that subscribed to web push, and what people snoozed: kept in the queue's file.

SHELL. `notify run` reads it while others write. The seam for whoever takes subscriptions from
browsers, such as pages for people who watch: `subscribe` checks what a browser gave.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Annotated

from pydantic import Field, ValidationError

from cloud.notify.destination_settings import HttpUrl
from cloud.notify.queue import NotificationQueue
from cloud.notify.web_push import PushSubscription
from contract import ijson
from contract.validation_errors import first_error
from service.sections import Section

MAX_BYTES = 4096
MOST = 1000
"""Per destination; more are refused."""

_Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+=*$", max_length=200)]


class _Keys(Section):
    p256dh: _Base64Url
    auth: _Base64Url


class _Given(Section):
    """`PushSubscription.toJSON()` of a browser."""

    endpoint: HttpUrl
    keys: _Keys
    expirationTime: float | None = None  # noqa: N815, the browser's name


class SubscriptionRefused(ValueError):
    """It is no subscription; the text says why."""


def read_subscription(content: bytes) -> PushSubscription:
    """What a browser gave, as JSON; raises `SubscriptionRefused`."""
    if len(content) > MAX_BYTES:
        raise SubscriptionRefused(f"it has {len(content)} bytes, over {MAX_BYTES}")
    try:
        given = _Given.model_validate(ijson.parse(content))
    except ValidationError as error:
        raise SubscriptionRefused(first_error(error, "subscription")) from error
    except ValueError as error:
        raise SubscriptionRefused(f"it is no JSON: {error}") from error
    if not given.endpoint.startswith("https:"):
        raise SubscriptionRefused("its endpoint is not https")
    return PushSubscription(endpoint=given.endpoint, p256dh=given.keys.p256dh, auth=given.keys.auth)


def subscribe(
    connection: sqlite3.Connection, destination: str, one: PushSubscription, now: datetime
) -> None:
    """Within a transaction of the queue's file. Raises `SubscriptionRefused`."""
    (count,) = connection.execute(
        "SELECT count(*) FROM subscriptions WHERE destination = ? AND endpoint != ?",
        (destination, one.endpoint),
    ).fetchone()
    if count >= MOST:
        raise SubscriptionRefused(f"{destination} has {count} subscriptions already")
    connection.execute(
        "INSERT OR REPLACE INTO subscriptions (endpoint, destination, p256dh, auth, at)"
        " VALUES (?, ?, ?, ?, ?)",
        (one.endpoint, destination, one.p256dh, one.auth, now.timestamp()),
    )


def snooze(
    connection: sqlite3.Connection, destination: str, gateway: str, camera: str, until_s: float
) -> None:
    """Tells `destination` nothing new of that gateway or camera (empty: of any) until then."""
    connection.execute(
        "INSERT OR REPLACE INTO snoozes (destination, gateway, camera, until) VALUES (?, ?, ?, ?)",
        (destination, gateway, camera, until_s),
    )


class SubscriptionBook:
    """What `notify run` reads of it."""

    def __init__(self, queue: NotificationQueue) -> None:
        self._queue = queue

    def of(self, destination: str) -> list[PushSubscription]:
        """Raises `QueueError`, as below."""
        with self._queue.changing("read subscriptions") as connection:
            found = connection.execute(
                "SELECT endpoint, p256dh, auth FROM subscriptions WHERE destination = ?",
                (destination,),
            ).fetchall()
        return [PushSubscription(endpoint=e, p256dh=p, auth=a) for e, p, a in found]

    def forget(self, endpoint: str) -> None:
        with self._queue.changing("forget a subscription") as connection:
            connection.execute("DELETE FROM subscriptions WHERE endpoint = ?", (endpoint,))
