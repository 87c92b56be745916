"""Cameras that raise many suspicions cheaply, and know which pictures the broker took."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import cv2
import numpy as np

from service.link import Link, LinkSettings
from service.outcomes import Delivered
from tests.faults.layout import CAMERAS, Layout
from tests.system.sites import CHECKOUT

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"


class Streets:
    """Pictures of one street with walkers, no two with the same bytes anywhere: evidence is found
    by its hash, and must not be there from an earlier picture."""

    def __init__(self) -> None:
        self._street = np.asarray(cv2.imread(str(STREET)), np.int16)
        rng = np.random.default_rng()
        self._grain = rng.integers(-3, 4, self._street.shape, np.int16)

    def picture(self, number: int) -> bytes:
        grain = np.roll(self._grain, 7 * number, axis=1)
        grain = np.roll(grain, number, axis=0)
        noisy = np.clip(self._street + grain, 0, 255).astype(np.uint8)
        return cv2.imencode(".jpg", noisy)[1].tobytes()


def streets(number: int) -> list[bytes]:
    """So many pictures of one street, all different."""
    street = Streets()
    return [street.picture(one) for one in range(number)]


class Cameras:
    """Some cameras that send one picture after the other, in turn, until told to stop."""

    def __init__(self, layout: Layout, cameras: int, pause_s: float, most_open: int) -> None:
        """No more than `most_open` pictures are on their way to a suspicion, however slow all is:
        what a camera sends beyond any room is given up by contract."""
        self._most_open = most_open
        self._names = [f"cam{number}" for number in range(cameras)]
        self._streets = Streets()
        self._layout, self._pause_s = layout, pause_s
        self._over = threading.Event()
        self.taken: list[datetime] = []
        """The moments of the pictures that the site's broker has acknowledged; each is unique."""
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
            if len(self.taken) - self._layout.count_raised() >= self._most_open:
                continue
            camera = self._names[number % len(self._names)]
            picture = self._streets.picture(number)
            taken = datetime.now(UTC).replace(microsecond=number % 1000 * 1000)
            payload = {"image": base64.b64encode(picture).decode(), "time": taken.isoformat()}
            topic = self._layout.topic(camera)
            outcome = self._link.publish(topic, json.dumps(payload).encode(), 1).wait(10.0)
            if isinstance(outcome, Delivered):
                self.taken.append(taken)


@contextmanager
def cameras(
    layout: Layout, number: int = CAMERAS, pause_s: float = 0.5, most_open: int = 1000
) -> Iterator[Cameras]:
    """Cameras that send until the end of the block, or until they are stopped."""
    sending = Cameras(layout, number, pause_s, most_open)
    sending.start()
    try:
        yield sending
    finally:
        sending.close()
