"""An operator at his command line, and gateways whose answers a test chooses."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cloud.__main__ import main
from contract.envelope import Envelope, Refusal, read_envelope
from contract.ids import GatewayId
from contract.rotation import open_roots, read_root
from contract.shadow import ShadowOutcome, ShadowResult
from contract.topics import Topics, UpdateKind
from contract.trust import TrustedState
from contract.update import OpenedOrder, digest_of, open_order
from contract.update_state import Effective, OrderOutcome, UpdateState
from service.link import Link, Publication, Receipt, Subscription
from tests.links import fail, settings
from tests.servers import Broker

HARMLESS = ShadowResult(
    outcome=ShadowOutcome.REPLAYED, frames=100, cameras=1, seconds=20, before=5, after=5
)
Judge = Callable[[OpenedOrder], tuple[OrderOutcome, tuple[str, ...]]]
"""How a gateway ends an order that it may obey, and why."""


class Operator:
    """Runs `stillwatch-cloud` in a folder with keys; `said` are the lines of the last command."""

    def __init__(self, folder: Path, broker: Broker, root: str, store: str | None = None) -> None:
        self.folder = folder
        self.connection = ["--broker", f"mqtt://{broker.host}:{broker.port}", "--root", root]
        self.store = ["--store", store or f"dir:{folder / 'store'}"]
        self.said: list[str] = []
        self.complaint = ""
        for name in ("alice", "bob", "carol"):
            if not (folder / name).exists():
                assert self("keygen", self.file(name)) == 0

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def __call__(self, *arguments: str) -> int:
        out, complaint = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
            status = main(arguments)
        self.said, self.complaint = out.getvalue().splitlines(), complaint.getvalue()
        return status

    def root(self, config: Sequence[str] = ("alice",), n: int = 1) -> Path:
        """A root of trust: alice and bob for the root, `config` for configurations."""
        name = "root-1.json"
        keys = [f"root={self.file('alice.pub')}", f"root={self.file('bob.pub')}"]
        keys += [f"config={self.file(one)}.pub" for one in config]
        keys += [f"model={self.file('carol.pub')}"]
        given = [part for key in keys for part in ("--key", key)]
        threshold = ["--threshold", f"config={n}"]
        signed = ["--sign", self.file("alice")]
        assert self("root", "init", self.file(name), *given, *threshold, *signed) == 0
        assert self("root", "publish", self.file(name), *self.store, *self.connection) == 0
        return self.folder / name

    def signed(self, patch: str, *options: str, by: Sequence[str] = ("alice",)) -> str:
        """The file of an order with this patch."""
        file = self.folder / "patch.yaml"
        file.write_text(patch)
        signing = [part for one in by for part in ("--sign", self.file(one))]
        why = ["--reason", f"because of {patch.strip()}"]
        out = self.file(f"order-{len(list(self.folder.glob('order-*')))}.json")
        arguments = [str(file), *signing, *why, *options, "--out", out, *self.store]
        assert self("config", "sign", *arguments) == 0, self.complaint
        return out

    def publish(self, order: str, *options: str) -> int:
        return self("config", "publish", order, *options, *self.store, *self.connection)

    def status(self) -> tuple[int, dict[str, dict[str, object]]]:
        """Exit status of `config status`, and its rows by gateway."""
        status = self("config", "status", "--json", *self.connection)
        return status, {str(row["gateway"]): row for row in map(json.loads, self.said)}


def applies(_opened: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
    return OrderOutcome.APPLIED, ()


class ScriptedGateway:
    """Obeys what it may by `open_order`, keeps its trust, and ends orders as `judge` says."""

    def __init__(
        self, broker: Broker, topics: Topics, root_file: Path, groups: tuple[str, ...] = ()
    ) -> None:
        first = read_root(root_file.read_bytes())
        assert not isinstance(first, Refusal)
        self.trusted = TrustedState(root=first)
        self.judge: Judge = applies
        self.patches: list[str] = []
        self.topics = topics
        self.groups = groups
        self.shadow: ShadowResult | None = HARMLESS
        self._lock = threading.Lock()
        self._effective = Effective()
        self.link = Link(
            replace(
                settings(broker, f"{topics.root}-{topics.gateway}"),
                will=Publication(topic=topics.of_gateway("status"), payload=b"offline"),
            ),
            on_fatal=fail,
            on_message=self._take,
            subscriptions=[
                Subscription(filter=topics.of_update("config", "desired")),
                Subscription(filter=topics.of_trust()),
            ],
            on_connect=self._births,
        )

    def say_health(self, status: str, reason: str = "camera_offline") -> None:
        facts = {"status": status, "reasons": [] if status == "ok" else [{"reason": reason}]}
        self._say(self.topics.of_gateway("health"), json.dumps(facts).encode())

    def say_stats(self, suspicions: int, confirmed: int = 0, missed: int = 0) -> None:
        cameras = {"gate": {"suspicions": suspicions, "confirmed": confirmed, "unconfirmed": 0}}
        facts = {"cameras": cameras, "audit": {"missed": missed, "quiet": {"missed": 0}}}
        self._say(self.topics.of_gateway("stats"), json.dumps(facts).encode(), retain=False)

    def _births(self) -> Iterator[Publication]:
        info = {"version": "1", "groups": list(self.groups)}
        yield Publication(topic=self.topics.of_gateway("status"), payload=b"online")
        yield Publication(topic=self.topics.of_gateway("info"), payload=json.dumps(info).encode())
        health = {"status": "ok", "reasons": []}
        yield Publication(
            topic=self.topics.of_gateway("health"), payload=json.dumps(health).encode()
        )

    def _take(self, topic: str, payload: bytes, _retained: bool, ack: Receipt) -> None:
        ack()
        with self._lock:
            if topic == self.topics.of_trust():
                newest, _ = open_roots(payload, self.trusted.root)
                self.trusted = self.trusted.with_root(newest)
            elif payload:
                self._obey(payload, "config")

    def _obey(self, payload: bytes, kind: UpdateKind) -> None:
        now = datetime.now(UTC)
        gateway = self.topics.gateway
        found = open_order(payload, kind, self.trusted, gateway, self.groups, now)
        if isinstance(found, Refusal):
            return self._answer(
                "rejected",
                UpdateState(
                    kind=kind,
                    state=OrderOutcome.REJECTED,
                    refusal=found.reason,
                    reasons=(found.detail,),
                    digest=_digest(payload),
                    at=now,
                    effective=self._effective,
                ),
            )
        if found.again:
            return None
        version = found.order.version
        self.trusted = self.trusted.with_accepted(kind, version, found.digest)
        outcome, reasons = self.judge(found)
        if outcome is OrderOutcome.APPLIED and found.order.kind == "config":
            self.patches.append(found.order.patch)
            self._effective = Effective(version=version, digest=found.digest)
        return self._answer(
            "rejected" if outcome is OrderOutcome.REJECTED else "reported",
            UpdateState(
                kind=kind,
                version=version,
                digest=found.digest,
                state=outcome,
                reasons=reasons,
                shadow=self.shadow,
                at=now,
                effective=self._effective,
            ),
        )

    def _answer(self, leaf: str, state: UpdateState) -> None:
        chosen = self.topics.of_update(state.kind, "rejected" if leaf == "rejected" else "reported")
        self._say(chosen, state.model_dump_json().encode())

    def _say(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        self.link.publish(topic, payload, retain=retain)


@contextlib.contextmanager
def gateways(
    broker: Broker, root: str, root_file: Path, **named: tuple[str, ...]
) -> Iterator[dict[str, ScriptedGateway]]:
    """Running gateways by name, with their groups."""
    found = {
        name: ScriptedGateway(broker, Topics(gateway=GatewayId(name), root=root), root_file, groups)
        for name, groups in named.items()
    }
    for one in found.values():
        one.link.start()
    try:
        for one in found.values():
            assert one.link.wait_ready(30)
        yield found
    finally:
        for one in found.values():
            farewell = Publication(topic=one.topics.of_gateway("status"), payload=b"offline")
            one.link.stop(5, [farewell])


def _digest(payload: bytes) -> str | None:
    envelope = read_envelope(payload)
    return digest_of(envelope.payload) if isinstance(envelope, Envelope) else None
