"""What an MQTT link needs to know, and the paho client made from it.

SHELL. Secrets are read from their files here, at the start; a file that cannot be used is a
`LinkError`, which somebody has to repair before a connection is possible at all.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from service.sections import BrokerConfig, TlsConfig

MAX_INFLIGHT = 10
"""Below the Receive Maximum of every broker known to us; paho cannot change it later."""


class LinkError(Exception):
    """A file that the connection needs is missing or unusable; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files; without `ca_file` the system's authorities decide.

    `server_name` is what the broker's certificate must be for, if that is not the host's name.
    All are read again for each connection. An `awaited` certificate may still be missing, and until
    it comes no connection is tried.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    awaited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message as on-connect messages, the will and farewells state it."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """One connection. `name` is what the log calls it; `clean=False` keeps the session. The broker
    publishes `will` when the connection ends without a word; with `manual_ack` it has a message
    back until its receipt was called.

    `session_expiry_s`, `receive_maximum` and the broker's part of `max_packet_bytes` need MQTT 5;
    with 3.1.1 a message over `max_packet_bytes` is dropped on arrival.
    """

    name: str
    host: str
    port: int
    client_id: str
    protocol: Literal["5", "3.1.1"] = "5"
    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = "/mqtt"
    username: str | None = None
    password_file: Path | None = None
    tls: TlsFiles | None = None
    keepalive_s: int = 30
    reconnect_max_s: float = 30.0
    clean: bool = True
    session_expiry_s: int = 3600
    receive_maximum: int = 20
    max_packet_bytes: int = 4_000_000
    will: Publication | None = None
    manual_ack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A topic filter; `no_local` (MQTT 5, not with `$share`) leaves out what we publish. Without an
    `optional` one the link is ready all the same."""

    filter: str
    qos: int = 1
    no_local: bool = False
    optional: bool = False


def settings_of(broker: BrokerConfig, name: str, client_id: str) -> LinkSettings:
    """A connection to a configured broker."""
    return LinkSettings(
        name=name,
        host=broker.host,
        port=broker.port,
        client_id=client_id,
        protocol=broker.protocol,
        transport=broker.transport,
        websocket_path=broker.websocket_path,
        username=broker.username,
        password_file=broker.password_file,
        tls=None if broker.tls is None else tls_files(broker.tls),
        keepalive_s=broker.keepalive_s,
        reconnect_max_s=broker.reconnect_max_s,
    )


def tls_files(tls: TlsConfig) -> TlsFiles:
    """The section as a connection takes it."""
    return TlsFiles(
        ca_file=tls.ca_file,
        cert_file=tls.cert_file,
        key_file=tls.key_file,
        server_name=tls.server_name,
    )


class ThreadedClient(mqtt.Client):
    """paho's client, whose network thread cannot die unnoticed and asks how long to wait.

    paho's own waits between tries have no jitter, so each connection is one call of its loop.
    """

    on_thread_end: Callable[[Exception | None], None]
    on_unreachable: Callable[[Exception], None]
    wait_s: Callable[[], float]
    leaving: threading.Event
    before_connect: Callable[[], None]

    def loop_forever(
        self,
        timeout: float = 1.0,
        retry_first_connection: bool = False,  # noqa: ARG002, paho's name; we always try again
    ) -> MQTTErrorCode:
        error: Exception | None = None
        try:
            while not self.leaving.is_set():
                self._connect_and_stay(timeout)
                self.leaving.wait(self.wait_s())
        except Exception as unexpected:  # noqa: BLE001, the paho rim: callbacks end up here too
            error = unexpected
        finally:
            self.on_thread_end(error)
        return MQTTErrorCode.MQTT_ERR_UNKNOWN if error else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _connect_and_stay(self, timeout: float) -> None:
        """One connection from its beginning to its end."""
        try:
            self.before_connect()
            self.reconnect()
        except (OSError, UnicodeError) as error:  # the latter of a name that no resolver takes
            self.on_unreachable(error)
        else:
            super().loop_forever(timeout)


def make_client(settings: LinkSettings) -> ThreadedClient:
    """A client that is set up and not yet connecting; raises `LinkError`."""
    five = settings.protocol == "5"
    client = ThreadedClient(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=None if five else settings.clean,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        transport=settings.transport,
        manual_ack=settings.manual_ack,
        reconnect_on_failure=False,
    )
    client.before_connect = _nothing
    client.max_inflight_messages_set(MAX_INFLIGHT)
    if settings.transport == "websockets":
        client.ws_set_options(path=settings.websocket_path)
    if settings.username is not None:
        client.username_pw_set(settings.username, _password(settings.password_file))
    if settings.tls is not None:
        _use_tls(client, settings.tls)
    if (will := settings.will) is not None:
        client.will_set(will.topic, will.payload, will.qos, will.retain)
    return client


def begin(client: mqtt.Client, settings: LinkSettings) -> None:
    """Starts connecting, and goes on trying, on the client's own thread."""
    keepalive = settings.keepalive_s
    if settings.protocol == "5":
        client.connect_async(
            settings.host,
            settings.port,
            keepalive,
            clean_start=settings.clean,
            properties=_connect_properties(settings),
        )
    else:
        client.connect_async(settings.host, settings.port, keepalive)
    client.loop_start()


def _connect_properties(settings: LinkSettings) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # unannotated in paho
    properties.ReceiveMaximum = settings.receive_maximum
    properties.MaximumPacketSize = settings.max_packet_bytes
    if not settings.clean:
        properties.SessionExpiryInterval = settings.session_expiry_s
    return properties


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise LinkError(f"password file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LinkError(f"password file {file} is no UTF-8 text: save it as UTF-8") from error


def _nothing() -> None:
    """Before a connection without TLS."""


class _Context(ssl.SSLContext):
    """What paho connects with, and takes only once; `current` is made anew for each connection.

    A context that has loaded a certificate keeps it beside a later one of another type of key, and
    may go on showing it.
    """

    current: ssl.SSLContext
    server_name: str | None = None
    """paho asks the certificate for the host that it connects to; here another name may stand."""

    def wrap_socket(  # type: ignore[override]  # only what paho gives
        self,
        sock: socket.socket,
        server_hostname: str | None = None,
        do_handshake_on_connect: bool = True,
    ) -> ssl.SSLSocket:
        return self.current.wrap_socket(
            sock,
            server_hostname=self.server_name or server_hostname,
            do_handshake_on_connect=do_handshake_on_connect,
        )


def _use_tls(client: ThreadedClient, tls: TlsFiles) -> None:
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = tls.server_name

    def read_again() -> None:
        context.current = _context_of(tls)

    try:
        context.current = _trusting(tls) if tls.awaited else _context_of(tls)
    except (OSError, ssl.SSLError, ValueError) as error:
        files = (tls.ca_file, tls.cert_file, tls.key_file)
        named = ", ".join(str(file) for file in files if file)
        raise LinkError(f"TLS files {named}: {error}") from error
    client.tls_set_context(context)
    client.before_connect = read_again


def _context_of(tls: TlsFiles) -> ssl.SSLContext:
    """From the files as they are now; raises `OSError` for what is missing or no pair."""
    context = _trusting(tls)
    if tls.cert_file is not None:
        files = (tls.cert_file, tls.key_file or tls.cert_file)
        missing = [str(file) for file in files if not file.exists()]
        if missing and tls.awaited:
            raise FileNotFoundError(f"no certificate yet: {', '.join(missing)}")
        context.load_cert_chain(*files)
    elif tls.key_file is not None:
        raise ValueError("a key without a certificate shows nobody who we are: name both")
    return context


def _trusting(tls: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca_file is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(tls.ca_file)
    return context
