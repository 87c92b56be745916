"""`python -m cloud feed`: what cameras publish over MQTT, put into the layout of an archive.

SHELL. Every usable picture goes to `<device>/<yyyy-mm-dd>/<device>_<unix time>.jpg` in a directory
or bucket, named by its arrival; of pictures of one second the first counts. A message is
acknowledged once its picture is durable, or lost: what the store does not take is counted as
`store_failed`, as the next pictures come only once it is acknowledged. Payloads are bare JPEG or
PNG: what else cameras send is for gateways to understand. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections import Counter
from dataclasses import replace

from cloud.broker.connection import link_settings
from cloud.settings import Settings
from cloud.stages.naming import ArchiveName
from contract.ids import CameraId
from contract.topics import ImageTemplate
from imaging.admission import PictureLimits, Rejected, inspect
from imaging.jpeg import MAGIC
from objectstore.store import ObjectStore, StoreError, check_key
from service.clock import Clock
from service.events import Event, log
from service.link import Link, Receipt, Subscription


class Feeder:
    """Puts away what arrives, and counts what became of it."""

    def __init__(
        self,
        template: ImageTemplate,
        store: ObjectStore,
        prefix: str,
        limits: PictureLimits,
        clock: Clock,
    ) -> None:
        """Raises `PermanentStoreError` for a `prefix` that no key can begin with."""
        if prefix:
            check_key(prefix)
        self._template = template
        self._store = store
        self._prefix = f"{prefix}/" if prefix else ""
        self._limits = limits
        self._clock = clock
        self.counts: Counter[str] = Counter(stored=0)

    def on_message(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        """On the network thread: a slow store slows the broker down, and nothing piles up here."""
        self.counts[self._outcome(topic, payload, retained)] += 1
        ack()

    def _outcome(self, topic: str, payload: bytes, retained: bool) -> str:
        """`stored`, or the reason why not."""
        camera = self._template.camera_of(topic)
        if camera is None:
            return "no_camera"
        if retained:
            return "retained"  # nobody knows how old it is
        header = inspect(payload, self._limits)
        if isinstance(header, Rejected):
            return header.reason
        try:
            return self._put(camera, payload)
        except StoreError as error:
            log(Event.STORE_FAILED, reason=str(error))
            return "store_failed"

    def _put(self, camera: CameraId, picture: bytes) -> str:
        is_jpeg = picture.startswith(MAGIC)
        named = ArchiveName(
            device=camera,
            unix_s=int(self._clock.now().timestamp()),
            suffix="jpg" if is_jpeg else "png",
        )
        key = f"{self._prefix}{named.folder}/{named.text}"
        put = self._store.put_if_absent(key, picture, "image/jpeg" if is_jpeg else "image/png")
        return "stored" if put == "created" else "same_second"


def feed(
    options: argparse.Namespace, settings: Settings, store: ObjectStore, clock: Clock
) -> dict[str, int]:
    """Until a signal, or for `--seconds`; what was counted. Raises `LinkError`, and `StoreError`
    for what is no prefix."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    limits = settings.limits.of_picture()
    feeder = Feeder(options.topic, store, options.prefix.strip("/"), limits, clock)
    link = Link(
        replace(
            link_settings(settings),
            name="feed",
            max_packet_bytes=limits.max_bytes + 1024,
            manual_ack=True,
        ),
        on_fatal=lambda _error: stop.set(),
        on_message=feeder.on_message,
        subscriptions=(Subscription(filter=options.topic.subscription, qos=1),),
        clock=clock,
    )
    link.start()
    clock.wait(stop, threading.TIMEOUT_MAX if options.seconds is None else options.seconds)
    link.stop(5.0)
    return dict(feeder.counts)
