"""What a source offers, and the lines of configuration for it: `stillwatch-bridge probe URL`.

SHELL. Opens the source as the bridge would, with the same limits and words, takes its stream apart
and one picture from it. Called by `__main__`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import yaml

from bridge.address import Folder, Url, parse_address
from bridge.config import SourceConfig, SourceLimitsConfig
from bridge.fault import FaultReason, SourceFault, printable
from bridge.ffmpeg_memory import bound_ffmpeg_memory
from bridge.http_client import client_of, faults_named
from bridge.onvif import choose_profile, onvif_device
from bridge.picture import JpegFormat, Ready, jpeg_format_of
from bridge.sources.folder import listed
from bridge.sources.http import checked, is_mjpeg
from bridge.sources.open import open_source
from bridge.sources.rtsp import opened, video_of
from imaging.admission import Rejected, inspect
from service.clock import Clock

PLENTY_PX = 1280
"""Wider streams are worth a hint: the detector looks at far fewer pixels."""


def probe(camera_id: str, camera: SourceConfig, clock: Clock) -> Iterator[str]:
    """Lines for a person, then YAML to paste; raises `SourceFault`, and `OSError` for a file."""
    limits = SourceLimitsConfig()
    bound_ffmpeg_memory(limits.max_pixels)
    jpeg_format = jpeg_format_of(None, camera.jpeg_quality, limits.max_bytes, limits.max_pixels)
    match parse_address(camera.source):
        case Folder(path=path):
            yield f"folder {path}: {len(listed(path))} pictures now; new ones will be sent"
        case "ftp-upload" | "smtp-upload":
            yield "the camera brings its pictures: nothing to ask"
        case Url(scheme="http" | "https") as url:
            yield from _of_http(camera, url)
            yield from _picture(camera, jpeg_format, clock)
        case Url(scheme="onvif" | "onvifs") as url:
            yield from _of_onvif(camera, url, limits.max_pixels, clock)
            yield from _picture(camera, jpeg_format, clock)
        case Url() as url:
            yield from _of_rtsp(camera, url, limits.max_pixels, clock)
            yield from _picture(camera, jpeg_format, clock)
    yield ""
    yield from _lines(camera_id, camera)


def _of_rtsp(camera: SourceConfig, url: Url, max_pixels: int, clock: Clock) -> Iterator[str]:
    with opened(camera, url, clock) as container:
        stream = video_of(container, max_pixels)
        rate = f", {float(stream.average_rate):g} frames/s" if stream.average_rate else ""
        codec = stream.codec_context
        size = f"{codec.width}x{codec.height}"
        yield f"{url.scheme} over {camera.transport}: {codec.name} {size}{rate}"
        if codec.width > PLENTY_PX:
            yield "  wider than is needed: look for the camera's sub-stream, or set width_px"


def _of_onvif(camera: SourceConfig, url: Url, max_pixels: int, clock: Clock) -> Iterator[str]:
    with onvif_device(camera, url) as device:
        yield f"{url.scheme}: {device.description()}"
        profiles = device.profiles()
        taken = choose_profile(profiles, camera.profile)
        for one in profiles:
            yield f"  {'*' if one is taken else ' '} profile {one.text()}"
            yield f"      stream {device.stream_url(one).text()}"
            with suppress(SourceFault):  # many have none
                yield f"      snapshot {device.snapshot_url(one).text()}"
        stream = device.stream_url(taken)
        hears = device.has_events
    yield "the profile with * is taken; profile: NAME chooses another"
    if hears:
        yield "it offers events: with events: true its own motion detection may lower the rate"
    yield from _of_rtsp(camera, stream, max_pixels, clock)


def _of_http(camera: SourceConfig, url: Url) -> Iterator[str]:
    with (
        faults_named(camera),
        client_of(camera, url) as client,
        client.stream("GET", url.text()) as answer,
    ):
        kind = checked(answer)
    mjpeg = "MJPEG" if is_mjpeg(kind) else "a snapshot, asked for at rate_fps"
    yield f"{url.scheme}: {mjpeg} ({printable(kind.partition(';')[0]) or 'no content type'})"


def _picture(camera: SourceConfig, jpeg_format: JpegFormat, clock: Clock) -> Iterator[str]:
    for one in open_source(camera, jpeg_format, clock)(threading.Event()):
        if isinstance(one, Ready):
            continue
        header = one if isinstance(one, Rejected) else inspect(one, jpeg_format.limits)
        if isinstance(header, Rejected):
            raise SourceFault(
                FaultReason.UNUSABLE, f"its picture is {header.reason}: {header.detail}"
            )
        if not isinstance(one, Rejected):
            yield f"a picture came: {header.width}x{header.height}, {len(one)} bytes as JPEG"
        return
    raise SourceFault(FaultReason.ENDED, "it ended without a picture")


def _lines(camera_id: str, camera: SourceConfig) -> Iterator[str]:
    given = camera.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump({"cameras": {camera_id: given}}, sort_keys=False)
    yield from text.rstrip().splitlines()
