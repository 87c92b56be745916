"""What listens on a port where MQTT was expected: for a link whose broker ends it without a word.

SHELL, on the link's network thread, while nothing else can be done there. Each question opens a
connection of its own, sends no credentials and waits at most `PATIENCE_S`. The words name the key
that would help. Called by `service.link`.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.reasoncodes import ReasonCode

from service.link_settings import LinkSettings

PATIENCE_S = 3.0
"""For a connection and its first bytes, across the world and over TLS."""

_UNSUPPORTED_VERSION = 0x84
"""MQTT 5's reason code; an older broker says the same otherwise, and paho translates it."""

_ITS_AUTHORITY = "; set `tls.ca_file` to the certificate of its authority"
_ITS_NAME = "; set `tls.server_name` to a name that it is for"
_CLOCK = "; is this machine's clock right?"
_ADVICE = {
    **dict.fromkeys((18, 19, 20, 21), _ITS_AUTHORITY),
    **dict.fromkeys((62, 64), _ITS_NAME),
    **dict.fromkeys((9, 10), _CLOCK),
}
"""By X509_V_ERR of OpenSSL: self-signed or of nobody known; another name or address; not yet valid
or expired."""

_CONNACK, _DISCONNECT = 0x20, b"\xe0\x00"
_CONNECT_311 = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
"""MQTT 3.1.1, clean session, 10 s of keep-alive, no client id: whoever speaks it says CONNACK."""

_UPGRADE = "\r\n".join(
    (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: c3RpbGx3YXRjaC1wcm9iZQ==",
        "Sec-WebSocket-Protocol: mqtt",
        "\r\n",
    )
)
"""Some servers say nothing to less."""


class BrokerProbe:
    """Why a connection failed, in words; the port is asked once, until `forget`."""

    def __init__(self, settings: LinkSettings, stopping: threading.Event) -> None:
        """Once `stopping` is set nothing is asked any more."""
        self._settings = settings
        self._stopping = stopping
        self._looks_like: str | None = None

    @property
    def knows(self) -> bool:
        """Whether there is a hint already."""
        return bool(self._looks_like)

    def forget(self) -> None:
        """A connection stands: what the port looked like before says nothing any more."""
        self._looks_like = None

    def unreachable(self, error: Exception) -> str:
        """Of a connection that could not be made."""
        words = f"{error or type(error).__name__}{_certificate_advice(error)}"
        return words + self._hint() if _tells(error, self._settings) else words

    def unanswered(self, *, silent: bool) -> str:
        """Of a connection that was over before the broker said anything: in TLS 1.3 what it thinks
        of our certificate comes after a handshake that looked well."""
        what = "the broker ended the connection before it answered"
        if silent:
            what = f"the broker did not answer within {self._settings.keepalive_s} s"
        return f"{what}{self._hint()}"

    def _hint(self) -> str:
        """What the port looks like, with the key to set; empty if nobody knows."""
        if self._looks_like is None and not self._stopping.is_set():
            looks = (look(self._settings) for look in _LOOKS)
            self._looks_like = next(filter(None, looks), "")
        return f"; {self._looks_like}" if self._looks_like else ""


def _as_to_tls(settings: LinkSettings) -> str:
    if settings.tls is None:
        if _speaks_tls(settings):
            return "it speaks TLS: set `tls: {}` there, with ca_file if its authority is your own"
        return ""
    if _speaks_tls(settings):
        return ""
    if _answers_connect(settings, tls=False):
        return "it speaks MQTT without TLS: take `tls` out, or use the port for TLS, often 8883"
    return "it does not speak TLS: use the port for TLS, often 8883, or take `tls` out"


def _as_to_http(settings: LinkSettings) -> str:
    if settings.transport == "websockets":
        return "" if _speaks_http(settings) else "it does not speak HTTP: take `transport` out"
    if _speaks_http(settings):
        return "it speaks HTTP: set `transport: websockets`, or use the MQTT port, often 1883"
    return ""


def _as_to_version(settings: LinkSettings) -> str:
    over_tcp = settings.transport == "tcp" and settings.protocol == "5"
    if over_tcp and _answers_connect(settings, tls=settings.tls is not None):
        return "it answers MQTT 3.1.1: set `protocol: '3.1.1'`"
    return ""


def _as_to_certificate(settings: LinkSettings) -> str:
    if settings.tls is None:
        return ""
    if settings.tls.cert_file is None:
        return "it may want a client certificate: set `tls.cert_file` and `tls.key_file`"
    return "does it take our certificate?"


_LOOKS = (_as_to_tls, _as_to_http, _as_to_version, _as_to_certificate)


def refusal(reason: ReasonCode, protocol: str) -> str:
    """The broker's words, and the key where one helps."""
    if reason.value != _UNSUPPORTED_VERSION:
        return str(reason)
    other = "3.1.1" if protocol == "5" else "5"
    return f"{reason}: it does not speak MQTT {protocol}; set `protocol: '{other}'`"


def ending(reason: ReasonCode) -> str:
    """paho's name for a connection that just ended says nothing."""
    words = str(reason)
    return "closed without a reason" if words == "Unspecified error" else words


def _certificate_advice(error: Exception) -> str:
    """What to do about a certificate that we refused, to stand behind OpenSSL's words; or empty."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return ""
    return _ADVICE.get(error.verify_code, "")


def _tells(error: Exception, settings: LinkSettings) -> bool:
    """Whether a connection failed as it does where something else listens than what was expected.

    A certificate that is refused speaks for itself.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return False
    if isinstance(error, ssl.SSLError | WebsocketConnectionError):
        return True
    return settings.tls is not None and isinstance(error, ConnectionResetError)


def _speaks_tls(settings: LinkSettings) -> bool:
    """Whether a handshake gets as far as a certificate, whatever is thought of it."""
    try:
        with _open(settings, tls=True):
            return True
    except ssl.SSLError as error:  # an alert, such as one for a missing certificate, is TLS too
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def _speaks_http(settings: LinkSettings) -> bool:
    asked = "\r\n".join(
        [f"GET {settings.websocket_path} HTTP/1.1", f"Host: {settings.host}", _UPGRADE]
    )
    return _ask(settings, asked.encode(), tls=settings.tls is not None).startswith(b"HTTP/")


def _answers_connect(settings: LinkSettings, *, tls: bool) -> bool:
    """Whether MQTT 3.1.1 is understood; a refusal is an answer too."""
    return _ask(settings, _CONNECT_311, tls=tls)[:1] == bytes([_CONNACK])


def _ask(settings: LinkSettings, question: bytes, *, tls: bool) -> bytes:
    """The first bytes of the answer; empty if there is none."""
    try:
        with _open(settings, tls=tls) as connection:
            connection.sendall(question)
            answer = connection.recv(16)
            with suppress(OSError):
                connection.sendall(_DISCONNECT)
            return answer
    except (OSError, UnicodeError):
        return b""


def _open(settings: LinkSettings, *, tls: bool) -> socket.socket:
    """A connection; over TLS with nobody's certificate looked at: nothing is sent to it."""
    plain = socket.create_connection((settings.host, settings.port), timeout=PATIENCE_S)
    if not tls:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(plain, server_hostname=settings.host)
    except BaseException:
        plain.close()
        raise
