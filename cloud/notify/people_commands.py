"""`notify snooze|subscribe|vapid-key`: what people want, and do not want, to be told.

SHELL. Writes into the queue's file beside `notify run`. Called by `commands`.
"""

from __future__ import annotations

import argparse
import base64
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, assert_never

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.confirm.offline import CannotRun
from cloud.notify.queue_file import FILE, open_queue
from cloud.notify.subscriptions import (
    MAX_BYTES,
    SubscriptionRefused,
    read_subscription,
    snooze,
    subscribe,
)
from cloud.settings import Settings, SettingsError
from service.clock import Clock
from service.sqlite import transaction

PeopleVerb = Literal["snooze", "subscribe", "vapid-key"]


def people_verb(
    verb: PeopleVerb, options: argparse.Namespace, settings: Settings, clock: Clock
) -> int:
    """Runs one; raises `CannotRun`, `SettingsError`."""
    match verb:
        case "snooze":
            return _snooze(options, settings, clock)
        case "subscribe":
            return _subscribe(options.destination, settings, clock)
        case "vapid-key":
            return _vapid_key(options.file)
        case _:
            assert_never(verb)


def _snooze(options: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    names = sorted(name for name, _ in settings.notify.destinations())
    if options.destination not in names:
        named = ", ".join(names)
        raise SettingsError(f"{options.destination} is no destination; there are: {named}")
    until_s = clock.now().timestamp() + 60 * options.minutes
    with _writing(settings) as connection:
        gateway, camera = options.gateway or "", options.camera or ""
        snooze(connection, options.destination, gateway, camera, until_s)
    at = datetime.fromtimestamp(until_s, UTC)
    sys.stdout.write(f"{options.destination} is told nothing new until {at:%F %T}Z\n")
    return 0


def _subscribe(name: str, settings: Settings, clock: Clock) -> int:
    if name not in settings.notify.web_push:
        raise SettingsError(f"{name} is none of notify.web_push")
    try:
        given = read_subscription(sys.stdin.buffer.read(MAX_BYTES + 1))
        with _writing(settings) as connection:
            subscribe(connection, name, given, clock.now())
    except SubscriptionRefused as error:
        raise CannotRun(f"subscription refused: {error}") from error
    sys.stdout.write(f"subscribed to {name}\n")
    return 0


def _vapid_key(file: Path) -> int:
    """Makes a private key, and prints the public one as browsers want it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(pem)
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; a key is not overwritten") from error
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    sys.stdout.write(base64.urlsafe_b64encode(point).rstrip(b"=").decode() + "\n")
    return 0


@contextmanager
def _writing(settings: Settings) -> Iterator[sqlite3.Connection]:
    """A transaction in the queue's file; raises `CannotRun`."""
    file = settings.notify.state / FILE
    try:
        connection = open_queue(file)
        try:
            with transaction(connection):
                yield connection
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise CannotRun(f"{file}: {error}") from error
