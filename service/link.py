"""An MQTT connection that keeps itself: with its sending half the one rim around paho.

SHELL. Connects in the background and goes on trying; after every connect it subscribes again and
publishes its on-connect messages again. Reason codes of CONNACK, SUBACK and PUBACK become words.
Nothing is queued while there is no connection: a publication then ends as `NotConnected` at once,
so state is restated by on-connect messages, and durable things are repeated by whoever keeps them.
"""

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from service.broker_probe import BrokerProbe, ending, refusal
from service.clock import Clock, SystemClock
from service.events import Event, log
from service.link_settings import (
    LinkError,
    LinkSettings,
    Publication,
    Subscription,
    TlsFiles,
    begin,
    make_client,
)
from service.outcomes import Pending
from service.receiver import OnMessage, Receipt, Receiver
from service.reconnect import Reconnects
from service.sender import Counts, Sender
from service.subscriptions import Subscriptions

__all__ = [
    "Link",
    "LinkError",
    "LinkSettings",
    "LinkState",
    "OnMessage",
    "Publication",
    "Receipt",
    "Subscription",
    "TlsFiles",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """A link as it is now. `reason` is the latest answer or failure in words; `conflict` says that
    another client seems to use our id, and is empty otherwise."""

    connected: bool
    ready: bool
    reason: str
    refused_filters: tuple[str, ...]
    counters: dict[str, int]
    conflict: str = ""


def _ignore(_topic: str, _payload: bytes, _retained: bool, ack: Receipt) -> None:
    ack()


class Link:
    """One connection with its subscriptions and on-connect messages; raises `LinkError` when made.

    `on_fatal` is called, on the network thread, with an exception that ended that thread: the
    process cannot go on without it. One that `on_message` lets out ends nothing: the message is
    given up.
    """

    def __init__(
        self,
        settings: LinkSettings,
        *,
        on_fatal: Callable[[Exception], None],
        on_message: OnMessage = _ignore,
        subscriptions: Sequence[Subscription] = (),
        on_connect: Callable[[], Iterable[Publication]] = tuple,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._on_fatal = on_fatal
        self._on_connect = on_connect
        self._clock = clock or SystemClock()
        self._counts = Counts()
        self._reason = "not connected yet"
        self._connected = threading.Event()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._client = make_client(settings)
        self._subscriptions = Subscriptions(self._client, settings, subscriptions)
        self._sender = Sender(self._client, settings.name, self._counts)
        self._answered = False
        self._probe = BrokerProbe(settings, self._stopping)
        self._receiver = Receiver(self._client, settings, self._counts, on_message)
        self._tries = Reconnects(settings.reconnect_max_s, random.Random())
        self._client.leaving = self._stopping
        self._client.wait_s = lambda: self._tries.wait_s(self._clock.mono())
        self._client.on_unreachable = self._unreachable
        self._client.on_socket_open = self._reached
        self._client.on_connect = self._connack
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._suback
        self._client.on_thread_end = self._thread_ended

    def start(self) -> None:
        """Begins to connect; a broker that is not up yet is no error."""
        begin(self._client, self._settings)

    def stop(self, timeout_s: float, farewell: Iterable[Publication] = ()) -> bool:
        """Says farewell and disconnects in order (no will is sent); False if time ran out."""
        until_s = self._clock.mono() + timeout_s
        for pending in [self._publish(message) for message in farewell]:
            pending.wait(until_s - self._clock.mono())
        self._stopping.set()
        self._client.disconnect()
        in_time = self._ended.wait(max(0.0, until_s - self._clock.mono()))
        self._close("the link was stopped")
        log(Event.LINK_CLOSED, link=self._settings.name, in_time=in_time)
        return in_time

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,
        retain: bool = False,
        content_type: str | None = None,
    ) -> Pending:
        """Hands a message to the network thread, from any thread, without blocking.

        Settled by PUBACK (QoS 1) or once written to the socket (QoS 0). `content_type` travels
        with MQTT 5 only.
        """
        return self._sender.publish(topic, payload, qos, retain, content_type)

    def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """These from now on instead of those before, which the broker is asked to forget."""
        dropped = self._subscriptions.replace(subscriptions)
        if self._connected.is_set():
            self.unsubscribe(dropped)
            self._subscribe()

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Have the broker forget what a kept session subscribed to before; any thread may ask."""
        if filters and self._connected.is_set():
            self._client.unsubscribe(list(filters))

    def wait_ready(self, timeout_s: float) -> bool:
        """Waits until connected with every subscription granted."""
        return self._ready.wait(max(0.0, timeout_s))

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def ready(self) -> bool:
        """Connected with every subscription granted."""
        return self._ready.is_set()

    def state(self) -> LinkState:
        """Counters: `connects received malformed oversize failed published delivered refused
        dropped`."""
        return LinkState(
            connected=self._connected.is_set(),
            ready=self._ready.is_set(),
            reason=self._reason,
            refused_filters=self._subscriptions.refused_filters,
            counters=self._counts.snapshot(),
            conflict=self._conflict(),
        )

    def _publish(self, message: Publication) -> Pending:
        return self.publish(
            message.topic, message.payload, message.qos, message.retain, message.content_type
        )

    def _conflict(self) -> str:
        """Words if another client seems to use our id."""
        in_conflict = self._tries.in_conflict(self._clock.mono())
        return f"another client uses the id {self._settings.client_id}" if in_conflict else ""

    def _log(self, event: Event, **fields: object) -> None:
        log(event, link=self._settings.name, **fields)

    def _close(self, reason: str) -> None:
        self._reason = reason
        self._connected.clear()
        self._ready.clear()
        self._receiver.forget()
        self._sender.close(reason)

    # All that follows runs on the network thread.

    def _connack(
        self,
        client: mqtt.Client,
        _userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        client.drop_out_messages()  # of the former connection; settled as NotConnected already
        self._answered, self._reason = True, str(reason)
        if self._stopping.is_set():
            client.disconnect()
        elif reason.is_failure:
            self._tries.failed()
            self._reason = refusal(reason, self._settings.protocol)
            self._sender.close(f"the broker refused the connection: {self._reason}")
            self._log(Event.LINK_REFUSED, broker=self._where(), reason=self._reason)
        else:
            self._probe.forget()
            self._counts.add("connects")
            self._tries.connected(self._clock.mono())
            self._sender.open(getattr(properties, "MaximumPacketSize", None))
            self._connected.set()
            kept = flags.session_present
            self._log(Event.LINK_CONNECTED, broker=self._where(), session_present=kept)
            self._subscribe()
            for message in self._on_connect():  # every time: the broker may have forgotten all
                self._publish(message)

    def _subscribe(self) -> None:
        if not self._subscriptions.ask():
            self._ready.set()

    def _suback(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for topic_filter, words in self._subscriptions.take_answer(reasons).items():
            self._reason = f"subscription to {topic_filter}: {words}"
        if self._subscriptions.granted:
            self._ready.set()

    def _reached(self, _client: mqtt.Client, _userdata: object, _socket: object) -> None:
        if not self._probe.knows:  # else the reason of the last try says more
            self._reason = f"{self._where()} took the connection and has not answered yet"

    def _unreachable(self, error: Exception) -> None:
        self._tries.failed()
        self._reason = self._probe.unreachable(error)
        self._sender.close(f"{self._where()} cannot be reached: {self._reason}")
        if not self._stopping.is_set():
            self._log(Event.LINK_UNREACHABLE, broker=self._where(), reason=self._reason)

    def _disconnected(
        self,
        client: mqtt.Client,
        _userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._stopping.is_set():
            client.disconnect()  # a reconnect that had begun meanwhile would go on otherwise
        elif self._connected.is_set():
            by_server = flags.is_disconnect_packet_from_server
            self._tries.lost(self._clock.mono(), reason.value if by_server else None)
            words = ": ".join(filter(None, (ending(reason), self._conflict())))
            self._log(Event.LINK_LOST, broker=self._where(), reason=words)
            self._close(f"the connection was lost: {words}")
        elif not self._answered:
            self._tries.failed()
            self._reason = self._probe.unanswered(silent=str(reason) == "Keep alive timeout")
            self._sender.close(self._reason)
            self._log(Event.LINK_REFUSED, broker=self._where(), reason=self._reason)
        self._answered = False

    def _thread_ended(self, error: Exception | None) -> None:
        self._close(f"the network thread failed: {error}" if error else self._reason)
        self._ended.set()
        if error is not None:
            self._log(Event.LINK_FAILED, error=f"{type(error).__name__}: {error}")
            self._on_fatal(error)

    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"
