"""What a camera says of itself by ONVIF: who made it, its profiles, the addresses of its streams.

SHELL. onveef speaks SOAP and WS-Security (docs/adr/0009-onvif-library.md) over the HTTP client
that snapshots use, with its limits and its check of certificates. Wherever a camera says its
streams are, they are looked for at the host that was reached: its answer cannot name
another. Called by `sources.onvif`, `motion_watch` and `probe`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import httpx
from onveef import (
    OnvifAuthError,
    OnvifCapabilityMissingError,
    OnvifClient,
    OnvifCredentials,
    OnvifEndpoint,
    OnvifError,
    OnvifFaultError,
    OnvifTimeoutError,
    OnvifTransportError,
)

from bridge.address import Scheme, Url, parse_address
from bridge.camera_files import password_of
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault, printable
from bridge.http_client import client_of
from bridge.soap_answers import MAX_BYTES

SERVICE = "/onvif/device_service"
ENOUGH_PX = 640
"""Width that the detector makes use of; a stream of fewer pixels sees less far."""
MAX_PROFILES = 64
SUBSCRIPTION_S, PULL_S = 60, 5
MAX_EVENTS = 50
_UNAUTHORISED = re.compile(r"not\s*authori[sz]ed|unauthori[sz]ed", re.IGNORECASE)

_MALFORMED = (ValueError, ArithmeticError, LookupError, RecursionError, httpx.InvalidURL)
"""What onveef and httpx raise for answers that are none: a number that is infinite, a URL."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnvifProfile:
    """One of a camera's streams; sizes and rate are 0 where it does not say."""

    token: str
    name: str
    codec: str
    width_px: int
    height_px: int
    rate_fps: int

    def text(self) -> str:
        size = f" {self.width_px}x{self.height_px}" if self.width_px else ""
        rate = f", {self.rate_fps} frames/s" if self.rate_fps else ""
        return f"{self.token} ({self.name}): {self.codec}{size}{rate}"


class OnvifDevice:
    """A camera that answers; every method raises `SourceFault`."""

    def __init__(self, client: OnvifClient, camera: SourceConfig) -> None:
        self._client = client
        self._camera = camera
        services = self._asked(client.discover_services)
        if not {"media", "media2"} & services.keys():
            raise SourceFault(
                FaultReason.UNUSABLE, "no ONVIF camera there: it names no media service"
            )
        self.has_events = "events" in services
        client.set_endpoint(OnvifEndpoint(client.endpoint.device_xaddr, services))

    def description(self) -> str:
        """Manufacturer, model and firmware, as it writes them."""
        said = self._asked(self._client.get_device_information)
        facts = (
            printable(said.get(key, "")) for key in ("Manufacturer", "Model", "FirmwareVersion")
        )
        return " ".join(fact for fact in facts if fact)

    def profiles(self) -> tuple[OnvifProfile, ...]:
        """Those with video, in the camera's order, the first `MAX_PROFILES` of them."""
        found = self._asked(self._client.get_profiles)
        video = (one for one in found if one.get("token") and "video_encoder" in one)
        return tuple(_profile(one) for one in islice(video, MAX_PROFILES))

    def stream_url(self, profile: OnvifProfile) -> Url:
        """Where its RTSP stream is."""
        said = self._asked(partial(self._client.get_stream_uri, profile_token=profile.token))
        return _address(said, ("rtsp", "rtsps"))

    def snapshot_url(self, profile: OnvifProfile) -> Url:
        """Where a single picture is."""
        said = self._asked(partial(self._client.get_snapshot_uri, profile_token=profile.token))
        return _address(said, ("http", "https"))

    def subscribe(self) -> str:
        """Opens a pull point for the camera's events; its address, good for `SUBSCRIPTION_S`."""
        said = self._asked(
            partial(self._client.events_create_pull_point, termination_time=f"PT{SUBSCRIPTION_S}S")
        )
        point = said.get("subscription_url")
        if not isinstance(point, str) or not point:
            raise SourceFault(FaultReason.UNUSABLE, "it names no address for its events")
        return point

    def pull(self, point: str) -> list[Mapping[str, object]]:
        """The events since the last question, for which the camera waits up to `PULL_S`."""
        said = self._asked(
            partial(
                self._client.events_pull_messages,
                subscription_url=point,
                timeout=f"PT{PULL_S}S",
                message_limit=MAX_EVENTS,
            )
        )
        if not said.get("current_time") and not said["messages"]:
            raise SourceFault(FaultReason.UNUSABLE, "its answer is no list of events")
        return list(said["messages"])

    def renew(self, point: str) -> None:
        """Another `SUBSCRIPTION_S`."""
        self._asked(
            partial(
                self._client.events_renew,
                subscription_url=point,
                termination_time=f"PT{SUBSCRIPTION_S}S",
            )
        )

    def unsubscribe(self, point: str) -> None:
        self._asked(partial(self._client.events_unsubscribe, subscription_url=point))

    def _asked(self, call: Callable[[], T]) -> T:
        """The call's result; tried again by the camera's own clock if it says it is not allowed."""
        try:
            try:
                return call()
            except OnvifFaultError as error:
                if not _UNAUTHORISED.search(str(error)):
                    raise
                # onveef knows the fault by other words than these, and asks for the clock then
                self._client._sync_clock_offset()
                return call()
        except OnvifError as error:
            raise SourceFault(*_fault(error, self._camera)) from error
        except _MALFORMED as error:
            raise SourceFault(
                FaultReason.UNUSABLE, f"its answer is malformed: {printable(error)}"
            ) from error


@contextmanager
def onvif_device(camera: SourceConfig, url: Url) -> Iterator[OnvifDevice]:
    """The camera at `url`; raises `SourceFault`, and `OSError` for its password's file."""
    secure = "s" if url.scheme == "onvifs" else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = "" if url.port is None else f":{url.port}"
    path = SERVICE if url.path == "/" else url.path
    with client_of(camera, url, soap=True) as http:
        client = OnvifClient(
            endpoint=OnvifEndpoint(f"http{secure}://{host}{port}{path}"),
            credentials=OnvifCredentials(camera.username or "", password_of(camera) or ""),
            timeout_s=camera.stall_s,
            retries=0,
            max_response_bytes=MAX_BYTES,
            http_client=http,
        )
        # for long answers onveef 0.6 makes an httpx.Timeout out of another, which httpx refuses
        client._timeout = camera.stall_s  # type: ignore[assignment]  # a number serves both
        yield OnvifDevice(client, camera)


def choose_profile(profiles: Sequence[OnvifProfile], wanted: str | None) -> OnvifProfile:
    """The profile called `wanted`, or the smallest that is wide enough; raises `SourceFault`."""
    if not profiles:
        raise SourceFault(FaultReason.NO_VIDEO, "the camera has no profile with video")
    if wanted is not None:
        named = [one for one in profiles if wanted in (one.token, one.name)]
        if not named:
            known = ", ".join(one.token for one in profiles)
            words = f"it has no profile {wanted!r}; it has {known}"
            raise SourceFault(FaultReason.NOT_FOUND, words)
        return named[0]
    sized = sorted((one for one in profiles if one.width_px), key=lambda one: one.width_px)
    if not sized:
        return profiles[min(1, len(profiles) - 1)]  # the second is the sub-stream by custom
    return next((one for one in sized if one.width_px >= ENOUGH_PX), sized[-1])


def _profile(said: dict[str, object]) -> OnvifProfile:
    video = said["video_encoder"]
    encoder = video if isinstance(video, dict) else {}
    width, height, rate = (
        value if isinstance(value := encoder.get(key), int) else 0
        for key in ("width", "height", "fps_limit")
    )
    return OnvifProfile(
        token=printable(said["token"]),
        name=printable(said.get("name", "")),
        codec=printable(encoder.get("encoding", "")) or "unknown",
        width_px=width,
        height_px=height,
        rate_fps=rate,
    )


def _address(said: str, schemes: tuple[Scheme, ...]) -> Url:
    """An address out of a camera's mouth, without the user and password that some write in."""
    try:
        parts = urlsplit(said)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        found = parse_address(bare)
    except ValueError as error:
        raise SourceFault(
            FaultReason.UNUSABLE, f"the camera names an address that is none: {error}"
        ) from None
    if not isinstance(found, Url) or found.scheme not in schemes:
        raise SourceFault(FaultReason.UNUSABLE, f"it names no {schemes[0]}:// address")
    return found


def _refuses(error: OnvifError) -> bool:
    return isinstance(error, OnvifAuthError) or _UNAUTHORISED.search(str(error)) is not None


def _fault(error: OnvifError, camera: SourceConfig) -> tuple[FaultReason, str]:
    match error:
        case OnvifAuthError() | OnvifFaultError() if _refuses(error):
            if camera.username is None:
                return (
                    FaultReason.REFUSED,
                    "it asks for a user: set username and password_file",
                )
            return FaultReason.REFUSED, "the camera refuses user and password (ONVIF)"
        case OnvifTimeoutError():
            return FaultReason.STALLED, f"no answer by ONVIF in {camera.stall_s:g} s"
        case OnvifCapabilityMissingError():
            return FaultReason.UNUSABLE, f"it does not offer that by ONVIF: {printable(error)}"
        case OnvifTransportError():
            return FaultReason.UNREACHABLE, printable(error)
        case _:
            return FaultReason.UNUSABLE, printable(error)
