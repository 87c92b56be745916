"""Entries of proofs of watch in the store: kept as they came, once, and answered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cloud.serve.watch_keeper import MOST_WAITING, WatchKeeper
from contract.envelope import Refusal
from contract.ids import GatewayId
from contract.keys import watch_pin_key
from contract.signature import Keyring
from contract.topics import Topics
from contract.watch import key_text, seal_entry
from contract.watch_kept import WatchKept, read_kept
from objectstore.store_dir import DirectoryStore
from service.events import Event
from tests.contract.watches import NORTH, OTHERS, OURS, chain_of
from tests.fakes import recorded_events

TOPICS = Topics(gateway=NORTH)
CHAIN = chain_of(3)


@dataclass
class Kept:
    """A keeper over a folder, and what it said."""

    folder: Path
    said: list[tuple[str, bytes]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.store = DirectoryStore(self.folder)
        self.keeper = WatchKeeper(
            "stillwatch",
            self.store,
            lambda topic, payload: self.said.append((topic, payload)),
            OTHERS,
            self.stopping,
        )

    def files(self) -> list[bytes]:
        return [file.read_bytes() for file in sorted(self.folder.rglob("watch/north/*/*.json"))]

    def entry(self, topic: str, content: bytes) -> bool:
        acked: list[bool] = []
        taken = self.keeper.receive(topic, content, lambda: acked.append(True))
        assert bool(acked) == taken
        return taken


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_each_is_kept_as_it_came_once_and_answered_each_time(kept: Kept) -> None:
    for one in (*CHAIN, *CHAIN):
        assert kept.keeper.keep(NORTH, one.content) is None
    assert kept.files() == [one.content for one in CHAIN]
    assert kept.keeper.counts == {"kept": 3, "repeated": 3}
    answers = [read_kept(payload, Keyring([OTHERS.public])) for _, payload in kept.said]
    assert {topic for topic, _ in kept.said} == {TOPICS.of_watch_kept()}
    assert answers[0] == WatchKept(
        gateway=NORTH, key=key_text(OURS), number=1, sha256=CHAIN[0].sha256
    )
    assert isinstance(read_kept(kept.said[0][1], Keyring([OURS.public])), Refusal)


def test_of_two_with_one_number_both_are_kept(kept: Kept) -> None:
    other = seal_entry(CHAIN[1].entry.model_copy(update={"program": "2"}), OURS)
    for one in (*CHAIN, other):
        kept.keeper.keep(NORTH, one.content)
    assert len(kept.files()) == 4


def test_the_first_key_is_noted_and_stays(kept: Kept) -> None:
    for one in (*CHAIN, *chain_of(1, OTHERS)):
        kept.keeper.keep(NORTH, one.content)
    assert kept.store.get(watch_pin_key(NORTH), 100).decode().strip() == key_text(OURS)


def test_another_gateways_entry_and_what_is_none_are_refused(kept: Kept) -> None:
    for gateway, content in ((GatewayId("south"), CHAIN[0].content), (NORTH, b"{}"), (NORTH, b"")):
        assert isinstance(kept.keeper.keep(gateway, content), Refusal)
    assert not kept.files()
    assert not kept.said


def test_its_thread_keeps_what_arrives_counts_the_rest_and_goes_on(kept: Kept) -> None:
    topic = TOPICS.of_gateway("watch")
    done = threading.Event()
    kept.keeper._publish = lambda *_: done.set()  # the last of them is answered
    with recorded_events() as events:
        assert kept.entry(topic, b"\xff")
        assert kept.entry("stillwatch/south/watch", CHAIN[0].content)
        assert kept.entry(topic, CHAIN[0].content)
        kept.keeper.start()
        assert done.wait(60)
        kept.stopping.set()
        assert [line.event for line in events].count(Event.WATCH_ENTRY_REFUSED) == 2
    assert kept.keeper.counts == {"malformed": 1, "not_for_us": 1, "kept": 1}


def test_what_comes_on_other_topics_is_left_to_others(kept: Kept) -> None:
    for topic in ("stillwatch/north/gate/suspect", "stillwatch/north/watch/kept", "x", ""):
        assert not kept.entry(topic, CHAIN[0].content)


def test_more_than_it_can_hold_is_dropped_counted_and_sent_again_by_its_gateway(kept: Kept) -> None:
    for _ in range(MOST_WAITING + 5):
        assert kept.entry(TOPICS.of_gateway("watch"), CHAIN[0].content)
    assert kept.keeper.counts == {"dropped": 5}
