"""Cameras that raise many suspicions cheaply, and know which pictures the broker took."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from service.link import Delivered, Link, LinkSettings
from tests.faults.layout import Layout
from tests.system.sites import CHECKOUT

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"


def streets(number: int, path: Path = STREET) -> list[bytes]:
    """Pictures of the same street with walkers, each with bytes of its own."""
    street = np.asarray(cv2.imread(str(path)), np.uint8)
    pictures = []
    for shade in range(number):
        street[0, :8] = shade % 256, shade // 256, 7
        pictures.append(cv2.imencode(".jpg", street)[1].tobytes())
    return pictures


class Cameras:
    """Some cameras that send one picture after the other, in turn, until told to stop."""

    def __init__(self, layout: Layout, cameras: int, pause_s: float) -> None:
        self._names = [f"cam{number}" for number in range(cameras)]
        self._pictures = streets(16)
        self._layout, self._pause_s = layout, pause_s
        self._over = threading.Event()
        self.sent = 0
        """Pictures that the site's broker has acknowledged."""
        broker = layout.site.now
        self._link = Link(
            LinkSettings(
                name="cameras",
                host=broker.host,
                port=broker.port,
                client_id=f"cameras-{layout.root}",
                reconnect_max_s=1,
            ),
            on_fatal=lambda _: None,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._link.start()
        self._thread.start()

    def stop(self) -> None:
        """No more pictures; returns when the last is sent."""
        self._over.set()
        self._thread.join()

    def close(self) -> None:
        self.stop()
        self._link.stop(5.0)

    def _run(self) -> None:
        for number in count():
            if self._over.wait(self._pause_s):
                return
            camera = self._names[number % len(self._names)]
            picture = self._pictures[number % len(self._pictures)]
            outcome = self._link.publish(self._layout.topic(camera), picture, 1).wait(10.0)
            self.sent += isinstance(outcome, Delivered)


@contextmanager
def cameras(layout: Layout, number: int = 8, pause_s: float = 0.5) -> Iterator[Cameras]:
    """Cameras that send until the end of the block, or until they are stopped."""
    sending = Cameras(layout, number, pause_s)
    sending.start()
    try:
        yield sending
    finally:
        sending.close()
