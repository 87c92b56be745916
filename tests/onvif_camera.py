"""An ONVIF camera for tests: real SOAP over HTTP, with WS-Security or digest.

Written after ONVIF's core and media specifications. It checks what a camera checks: the password's
digest over nonce and time, that the time is near its own clock, and that no nonce comes twice.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.request import parse_http_list, parse_keqv_list

from service.link import TlsFiles
from tests.onvif_events import OnvifEvents
from tests.processes import HOST

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:tr2="http://www.onvif.org/ver20/media/wsdl"'
    ' xmlns:ter="http://www.onvif.org/ver10/error"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"><env:Body>{body}</env:Body></env:Envelope>'
)
FAULT = (
    "<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>{code}"
    '</env:Value></env:Subcode></env:Code><env:Reason><env:Text xml:lang="en">{words}</env:Text>'
    "</env:Reason></env:Fault>"
)
UNSUPPORTED = FAULT.format(code="ter:ActionNotSupported", words="Optional Action Not Implemented")
INFORMATION = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer>"
    "<tds:Model>Eye 2</tds:Model><tds:FirmwareVersion>5.1</tds:FirmwareVersion>"
    "<tds:SerialNumber>1</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>"
    "</tds:GetDeviceInformationResponse>"
)
DENIED = "The action requested requires authorization and the sender is not authorized"
SKEW = timedelta(seconds=30)

Asks = Literal["wsse", "digest", "nobody"]


@dataclass(frozen=True, slots=True)
class Stream:
    """A profile: its size, and the path of its RTSP stream."""

    token: str
    size: tuple[int, int]
    path: str


@dataclass
class OnvifCamera:
    """How it behaves, and what came."""

    rtsp_port: int
    streams: tuple[Stream, ...]
    user: str = "eve"
    password: str = "s3cret"  # noqa: S105, of a test
    asks: Asks = "wsse"
    clock: timedelta = timedelta()
    says_host: str = HOST
    says_user: str = ""
    media2: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    """Bodies by the operation, in place of what it would say."""
    events: OnvifEvents | None = None
    """None: it has no events service."""
    port: int = 0
    seen: list[str] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    def body(self, operation: str, request: str) -> str:
        """What it says to `operation`."""
        if operation in self.answers:
            return self.answers[operation]
        known: dict[str, Callable[[], str]] = {
            "GetServices": self._services,
            "GetSystemDateAndTime": self._time,
            "GetDeviceInformation": lambda: INFORMATION,
            "GetProfiles": self._profiles,
            "GetStreamUri": lambda: self._uri(
                "GetStreamUri", f"rtsp://{self._said()}{self._path(request)}"
            ),
            "GetSnapshotUri": lambda: self._uri(
                "GetSnapshotUri", f"http://{self.says_host}:{self.port}/shot?a=1&amp;b=2"
            ),
        }
        if operation in known:
            return known[operation]()
        at = f"http://{self.says_host}:{self.port}/onvif"
        said = None if self.events is None else self.events.body(operation, request, at)
        return UNSUPPORTED if said is None else said

    def _said(self) -> str:
        return f"{self.says_user}{self.says_host}:{self.rtsp_port}"

    def _services(self) -> str:
        at = f"http://{self.says_host}:{self.port}/onvif"
        media = (
            "http://www.onvif.org/ver20/media/wsdl"
            if self.media2
            else ("http://www.onvif.org/ver10/media/wsdl")
        )
        known = {"http://www.onvif.org/ver10/device/wsdl": "device_service", media: "Media"}
        if self.events is not None:
            known["http://www.onvif.org/ver10/events/wsdl"] = "Events"
        inner = "".join(
            f"<tds:Service><tds:Namespace>{name}</tds:Namespace><tds:XAddr>{at}/{path}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for name, path in known.items()
        )
        return f"<tds:GetServicesResponse>{inner}</tds:GetServicesResponse>"

    def _time(self) -> str:
        at = self.now()
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
            "<tt:DateTimeType>Manual</tt:DateTimeType>"
            "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
            f"<tt:Second>{at.second}</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year>"
            f"<tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date></tt:UTCDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _profiles(self) -> str:
        space = "tr2" if self.media2 else "trt"
        shape = self._profile2 if self.media2 else self._profile
        inner = "".join(shape(one) for one in self.streams)
        return f"<{space}:GetProfilesResponse>{inner}</{space}:GetProfilesResponse>"

    def _profile(self, one: Stream) -> str:
        width, height = one.size
        return (
            f'<trt:Profiles token="{one.token}" fixed="true"><tt:Name>{one.token} stream</tt:Name>'
            '<tt:VideoEncoderConfiguration token="v"><tt:Name>v</tt:Name>'
            f"<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution>"
            f"<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
            "<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit></tt:RateControl>"
            "</tt:VideoEncoderConfiguration></trt:Profiles>"
        )

    def _profile2(self, one: Stream) -> str:
        width, height = one.size
        return (
            f'<tr2:Profiles token="{one.token}"><tr2:Name>{one.token} stream</tr2:Name>'
            '<tr2:Configurations><tr2:VideoEncoder token="v" GovLength="50"><tt:Name>v</tt:Name>'
            f"<tt:Encoding>H265</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
            f"<tt:Height>{height}</tt:Height></tt:Resolution></tr2:VideoEncoder>"
            "</tr2:Configurations></tr2:Profiles>"
        )

    def _path(self, request: str) -> str:
        asked = re.search(r"ProfileToken>([^<]*)<", request)
        return next(one.path for one in self.streams if asked and one.token == asked[1])

    def _uri(self, operation: str, uri: str) -> str:
        if self.media2:
            return f"<tr2:{operation}Response><tr2:Uri>{uri}</tr2:Uri></tr2:{operation}Response>"
        return (
            f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{uri}</tt:Uri></trt:MediaUri>"
            f"</trt:{operation}Response>"
        )

    def lets_in(self, request: str) -> bool:
        """Whether the request has a WS-Security token of the user, fresh and of now."""
        found = {
            name: match[1]
            for name in ("Username", "Password", "Nonce", "Created")
            if (match := re.search(rf"<ws(?:se|u):{name}\b[^>]*>([^<]*)<", request))
        }
        if len(found) < 4 or found["Username"] != self.user or found["Nonce"] in self.nonces:
            return False
        self.nonces.add(found["Nonce"])
        if abs(datetime.fromisoformat(found["Created"]) - self.now()) > SKEW:
            return False
        nonce = base64.b64decode(found["Nonce"])
        mixed = nonce + found["Created"].encode() + self.password.encode()
        digest = hashlib.sha1(mixed, usedforsecurity=False).digest()
        return base64.b64encode(digest).decode() == found["Password"]

    def lets_in_by_digest(self, header: str) -> bool:
        """The same by RFC 7616's MD5 without `qop`, as older cameras have it."""
        kind, _, rest = header.partition(" ")
        if kind.lower() != "digest":
            return False
        told = parse_keqv_list(parse_http_list(rest))
        first = _md5(f"{self.user}:camera:{self.password}")
        return told.get("response") == _md5(f"{first}:n0nce:{_md5('POST:' + told['uri'])}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


OPEN_TO_ALL = ("GetSystemDateAndTime", "GetServices", "GetCapabilities")


@contextmanager
def onvif_camera(camera: OnvifCamera, tls: TlsFiles | None = None) -> Iterator[str]:
    """Serves, over HTTPS with `tls`; its address as a source."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = request.partition(":Body>")[2]
            found = re.search(r"<(?:\w+:)?(\w+)", body)
            operation = found[1] if found else ""
            camera.seen.append(operation)
            if operation not in OPEN_TO_ALL and not self._may(request):
                return
            said = camera.body(operation, request)
            self._say(400 if "Fault" in said else 200, said)

        def _may(self, request: str) -> bool:
            if camera.asks == "digest":
                allowed = camera.lets_in_by_digest(self.headers.get("Authorization", ""))
                if not allowed:
                    self._say(401, "", {"WWW-Authenticate": 'Digest realm="camera", nonce="n0nce"'})
                return allowed
            allowed = camera.asks == "nobody" or camera.lets_in(request)
            if not allowed:
                self._say(400, FAULT.format(code="ter:NotAuthorized", words=DENIED))
            return allowed

        def _say(self, status: int, body: str, headers: Mapping[str, str] | None = None) -> None:
            text = body if body.startswith("<?xml") else ENVELOPE.format(body=body)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def handle(self) -> None:
            with suppress(ssl.SSLError, ConnectionError):  # a client that does not trust us
                super().handle()

        def log_message(self, *_args: object) -> None:
            """Not wanted."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        assert tls.cert_file is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert_file, tls.key_file)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    camera.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"onvif{'' if tls is None else 's'}://{HOST}:{camera.port}"
    finally:
        server.shutdown()
        server.server_close()
