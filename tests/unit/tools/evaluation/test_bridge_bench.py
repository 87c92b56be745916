"""The bridge's bench feeds it what a camera sends, and reads the kernel's accounts."""

from __future__ import annotations

import os
from pathlib import Path

import av

from tests.cameras import jpeg
from tools.evaluation.bench import bridge_stage as stage


def test_the_film_is_a_cameras_h264_with_a_key_frame_each_second(tmp_path: Path) -> None:
    pictures = tuple(jpeg(number) for number in range(16))
    film = stage.write_film(tmp_path / "film.mp4", pictures, (320, 240), 3)
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (320, 240)
        packets = [packet for packet in container.demux(stream) if packet.size]
    keys = [float(one.pts * stream.time_base) for one in packets if one.is_keyframe]  # type: ignore[operator]  # both are set
    assert len(packets) == 75
    assert keys == [0.0, 1.0, 2.0]


def test_processor_time_grows_with_work_and_memory_is_more_than_an_interpreters() -> None:
    before = stage.cpu_s(os.getpid())
    while stage.cpu_s(os.getpid()) < before + 0.05:
        sum(range(10_000))
    assert stage.resident_mb(os.getpid()) > 10
