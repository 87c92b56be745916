"""What a quiet gateway writes: at most 50 MB a day, so that a memory card lasts."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import cv2

from contract.ids import CameraId
from edge.static_objects.records import Memory
from edge.static_objects.store import StaticStore
from tests.fakes import ManualClock
from tests.faults.cameras import STREET
from tests.faults.conftest import scaled
from tests.faults.layout import until
from tests.servers import Broker
from tests.system.sites import ear, edge, settings
from tests.unit.edge.static_objects.static_rims import parked

SECONDS = scaled("FLASH_SECONDS", 60)
MB = 1_000_000
A_DAY_S = 86_400.0
AT_MOST_BYTES = 50 * MB


def written(process: int | str = "self") -> int:
    """Bytes that the process has caused to be written to block devices."""
    lines = Path(f"/proc/{process}/io").read_text().splitlines()
    counts = dict(line.split(": ") for line in lines)
    return int(counts["write_bytes"]) - int(counts["cancelled_write_bytes"])


def test_a_daemon_whose_cameras_show_nothing_new_writes_little(
    mosquitto: Broker, tmp_path: Path
) -> None:
    config = settings(mosquitto, "flash", tmp_path) | {"decide": {"rules": []}}
    picture, pause = empty_street(), threading.Event()
    with ear(mosquitto, "flash") as listening, edge(tmp_path, config) as daemon:

        def watch(seconds: int) -> None:
            for _ in range(seconds):
                for camera in range(4):
                    listening.publish(f"flash-cameras/cam{camera}/image", picture)
                pause.wait(1.0)

        watch(20)
        until(lambda: daemon.frames("cam3").get("quiet", 0) > 0, what="quiet cameras")
        before = written(daemon.process.pid)
        watch(SECONDS)
        a_day = (written(daemon.process.pid) - before) * A_DAY_S / SECONDS
        print(f"quiet daemon: {a_day / MB:.2f} MB a day")  # noqa: T201, the figure in the documents
        assert a_day < AT_MOST_BYTES


def empty_street() -> bytes:
    """A picture in which nothing stands; what standing things cost, the other test says."""
    street = cv2.GaussianBlur(cv2.imread(str(STREET)), (0, 0), 40)
    return cv2.imencode(".jpg", street)[1].tobytes()


def test_a_day_of_remembering_what_stands_there_is_cheap(tmp_path: Path) -> None:
    clock = ManualClock()
    store = StaticStore(tmp_path, clock)
    cameras = {CameraId(f"cam{n}"): crowd(n) for n in range(16)}
    for camera, memory in cameras.items():
        store.sync(camera, memory)
    before = written()
    for _ in range(24 * 60):
        clock.advance(60.0)
        for camera, memory in cameras.items():
            cameras[camera] = store.sync(camera, memory)
    store.close()
    a_day = written() - before
    print(f"16 cameras with 8 things each: {a_day / MB:.2f} MB a day")  # noqa: T201, as above
    assert 0 < a_day < AT_MOST_BYTES


def crowd(number: int) -> Memory:
    """Eight parked cars."""
    memories = [parked(1 + (number + one) % 9) for one in range(8)]
    things = tuple(
        replace(memory.objects[0], id=str(id_)) for id_, memory in enumerate(memories, 1)
    )
    return Memory(objects=things, next_number=9)
