"""Every entry reaches the cloud once it is there, in order, whatever was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contract.envelope import Refusal
from contract.signature import Keyring, Signer, new_signer
from contract.topics import Topics
from contract.watch import SealedEntry, read_sealed
from contract.watch_chain import WatchQuestion, check
from contract.watch_kept import WatchKept, read_kept, write_kept
from edge.watch_proof.delivery import WatchDelivery, WatchRoads
from service.link import Publication
from tests.unit.edge.watch_proof.watched import HOUR_S, NORTH, WatchedGateway

CLOUD, MALLORY = new_signer(), new_signer()
TOPICS = Topics(gateway=NORTH)


@dataclass
class Roads:
    """What was published, and what the cloud has kept."""

    gateway: WatchedGateway
    ready: bool = True
    keyring: Keyring | None = None
    site: list[Publication] = field(default_factory=list)
    cloud: list[Publication] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        roads = WatchRoads(
            cloud_ready=lambda: self.ready,
            to_cloud=self.cloud.append,
            to_site=self.site.append,
            keyring=lambda: self.keyring,
        )
        self.delivery = WatchDelivery(self.gateway.files, TOPICS, roads, self.gateway.clock)

    def answer(self, signer: Signer | None = None) -> None:
        """The cloud keeps what came."""
        for one in self.cloud:
            sealed = read_sealed(one.payload)
            assert isinstance(sealed, SealedEntry)
            self.kept[sealed.sha256] = one.payload
            entry = sealed.entry
            kept = WatchKept(
                gateway=NORTH, key=entry.key, number=entry.number, sha256=sealed.sha256
            )
            self.delivery.on_message(TOPICS.of_watch_kept(), write_kept(kept, signer))
        self.cloud.clear()

    def turns(self, seconds: int, *, answered: bool = True, signer: Signer | None = None) -> None:
        for _ in range(seconds):
            self.gateway.clock.advance(1)
            self.delivery.tick()
            if answered:
                self.answer(signer)


@pytest.fixture
def roads(tmp_path: Path) -> Roads:
    return Roads(WatchedGateway(tmp_path))


def test_a_day_without_the_cloud_loses_none(roads: Roads) -> None:
    roads.ready = False
    for _ in range(24):
        roads.gateway.run(HOUR_S, 600)
        roads.turns(1)
    assert not roads.cloud
    roads.ready = True
    roads.turns(100)
    assert len(roads.kept) == 24
    assert not check(roads.kept, WatchQuestion(gateway=NORTH)).findings
    assert roads.delivery.waits == 0


def test_a_farewell_leaves_no_hole(roads: Roads) -> None:
    for _ in range(2):
        roads.gateway.run(HOUR_S, 600)
        roads.turns(1)
    roads.ready = False
    for _ in range(3):
        roads.gateway.run(HOUR_S, 600)
        roads.turns(1)
    roads.cloud.extend(roads.delivery.on_stop())
    assert len(roads.cloud) == 3
    roads.answer()
    assert len(roads.kept) == 5
    assert not check(roads.kept, WatchQuestion(gateway=NORTH)).findings
    roads.ready = True
    roads.turns(10)
    last = [one.payload for one in roads.delivery.on_stop()]
    assert last == [roads.site[-1].payload]  # it stays for whoever asks at the site's broker


def test_without_an_answer_it_is_sent_again_less_and_less_often(roads: Roads) -> None:
    roads.gateway.run(HOUR_S, 60)
    roads.turns(3600, answered=False)
    assert 5 < len(roads.cloud) < 12
    assert len({one.payload for one in roads.cloud}) == 1
    roads.answer()
    roads.turns(40)
    assert not roads.cloud


def test_what_was_delivered_is_not_sent_again_by_the_next_run(roads: Roads) -> None:
    roads.gateway.run(2 * HOUR_S, 60)
    roads.turns(60)
    roads.open()
    roads.turns(60, answered=False)
    assert not roads.cloud


def test_a_kill_before_the_answer_sends_the_same_again(roads: Roads) -> None:
    roads.gateway.run(HOUR_S, 60)
    roads.turns(5, answered=False)
    first = roads.cloud[0].payload
    roads.open()
    roads.cloud.clear()
    roads.turns(5, answered=False)
    assert roads.cloud[0].payload == first


def test_the_clouds_word_counts_only_with_its_signature(roads: Roads) -> None:
    roads.keyring = Keyring([CLOUD.public])
    roads.gateway.run(HOUR_S, 60)
    for forger in (None, MALLORY):
        roads.turns(40, signer=forger)
        assert roads.delivery.waits == 1
    roads.turns(1000, signer=CLOUD)
    assert roads.delivery.waits == 0


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b"\xff", b"x" * 10_000])
def test_what_is_no_word_of_the_cloud_changes_nothing(roads: Roads, payload: bytes) -> None:
    roads.gateway.run(HOUR_S, 60)
    assert roads.delivery.on_message(TOPICS.of_watch_kept(), payload)
    assert isinstance(read_kept(payload, None), Refusal)
    roads.turns(5, answered=False)
    assert roads.delivery.waits == 1


def test_other_topics_are_left_to_others(roads: Roads) -> None:
    assert not roads.delivery.on_message(TOPICS.of_gateway("watch"), b"{}")


def test_the_newest_is_retained_at_the_site_and_restated_after_a_connect(roads: Roads) -> None:
    roads.ready = False
    roads.gateway.run(3 * HOUR_S, 60)
    roads.turns(60)
    (shown,) = roads.site
    assert shown.retain
    sealed = read_sealed(shown.payload)
    assert isinstance(sealed, SealedEntry)
    assert sealed.entry.number == 3
    assert list(roads.delivery.on_connect()) == [shown]


def test_an_entry_that_is_damaged_here_holds_up_no_other(roads: Roads) -> None:
    roads.ready = False
    roads.gateway.run(3 * HOUR_S, 60)
    (key_id,) = roads.gateway.files.key_ids()
    files = sorted((roads.gateway.folder / "watch" / "entries" / NORTH / key_id).glob("*.json"))
    files[1].write_bytes(b"{")
    roads.ready = True
    roads.turns(100)
    assert len(roads.kept) == 2
    assert [one.fault for one in check(roads.kept, WatchQuestion(gateway=NORTH)).findings] == [
        "hole"
    ]
