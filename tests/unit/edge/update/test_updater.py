"""An order's way through the updater, on a real record, with time in the test's hand."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from contract.ids import GatewayId
from contract.rotation import write_roots
from contract.topics import Topics
from contract.update import Targets
from contract.update_state import UpdateState
from edge.config.load import Loaded, read
from edge.errors import ConfigError, ConfigProblem
from edge.health.reasons import HealthReason, Problem
from edge.update.gatekeeper import AGAIN_S
from edge.update.health_window import Funnels
from edge.update.inbox import Inbox
from edge.update.machine import UpdateStage
from edge.update.store import InForce, UpdateStore
from edge.update.trial import UpdateTrial
from edge.update.trust_store import TrustStore
from edge.update.updater import Says, Sources, Updater
from imaging.manifest import ModelError
from service.link import Publication
from tests.contract.orders import (
    ALICE,
    AT,
    BOB,
    CAROL,
    CONFIG_ORDER,
    root_of,
    sign_order,
    sign_root,
)
from tests.fakes import ManualClock

TOPICS = Topics(gateway=GatewayId("gw"))
DESIRED = TOPICS.of_update("config", "desired")
STALLED = Problem(reason=HealthReason.WORKER_STALLED, subject="analysis-0", detail="hangs")


def order(version: int, patch: str = "new") -> bytes:
    targets = Targets(gateways=(TOPICS.gateway,))
    changed = {"version": version, "patch": patch, "targets": targets}
    return sign_order(CONFIG_ORDER.model_copy(update=changed), ALICE)


@dataclass
class Site:
    """A gateway whose configuration is a word, and what it said."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(AT + timedelta(days=1)))
    in_force: str = ""
    kept: str = ""
    prepared: bool = False
    problems: list[Problem] = field(default_factory=list)
    said: list[Publication] = field(default_factory=list)
    digest: str = "0" * 64

    def __post_init__(self) -> None:
        root = self.folder / "root.json"
        root.write_text(root_of().model_dump_json())
        self.loaded: Loaded = read(
            f"{{deliver: {{outbox: {{path: {self.folder / 'outbox'}}}}}, "
            f"manage: {{root: {root}, health_window_s: 60}}}}".encode(),
            {},
        )
        self.start()

    def start(self) -> None:
        no_frames: Funnels = {}
        trial = UpdateTrial(lambda: no_frames, lambda: self.problems, lambda: 60.0, self.clock)
        says = Says(publish=self.said.extend, digest=lambda: self.digest)
        outbox = self.folder / "outbox"
        self.inbox = Inbox(TOPICS, lambda: self.loaded.config.manage.desired_file, self.clock)
        trust = TrustStore(outbox, TOPICS.gateway, lambda: self.loaded.config)
        sources = Sources(topics=TOPICS, outbox=outbox, inbox=self.inbox, trust=trust)
        self.updater = Updater("config", sources, trial, says, self.clock)

    def publish(self, content: bytes, topic: str = DESIRED) -> None:
        assert self.inbox.on_message(topic, content, retained=True)
        self.turn()

    def turn(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.updater.tick(self)

    def ready(self, update: InForce) -> bool:
        return "later" not in update.content or self.prepared

    def propose(self, update: InForce | None) -> Word:
        content = "" if update is None else update.content
        if "invalid" in content:
            raise ConfigError((ConfigProblem(path="x", problem="is wrong"),))
        return Word(self, content)

    def last_good(self) -> Word:
        return Word(self, self.kept)

    def keep(self) -> None:
        self.kept = self.in_force

    def states(self, leaf: str) -> list[UpdateState | None]:
        return [
            UpdateState.model_validate_json(one.payload) if one.payload else None
            for one in self.said
            if one.topic.endswith(f"config/{leaf}")
        ]

    @property
    def state(self) -> UpdateStage | None:
        """On disk."""
        attempt = UpdateStore(self.folder / "outbox", "config").read().attempt
        return None if attempt is None else attempt.state


@dataclass
class Word:
    site: Site
    word: str

    def plan(self) -> None:
        if "restart" in self.word:
            raise ConfigError((ConfigProblem(path="y", problem="cannot change while running"),))

    def build(self) -> None:
        if "model" in self.word:
            raise ModelError("no such model")

    def swap(self) -> None:
        assert self.word == "" or self.site.state in (UpdateStage.SWAPPED, UpdateStage.ROLLED_BACK)
        self.site.in_force = self.word


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_good_order_is_kept_when_the_window_is_over_and_not_before(site: Site) -> None:
    site.publish(order(1))
    assert (site.in_force, site.kept, site.state) == ("new", "", UpdateStage.SWAPPED)
    site.turn(59)
    assert (site.kept, site.state) == ("", UpdateStage.IN_WINDOW)
    site.turn(1)
    assert (site.kept, site.state) == ("new", UpdateStage.APPLIED)
    said = len(site.said)
    site.publish(order(1))  # the broker repeats it
    assert len(site.said) == said


@pytest.mark.parametrize(
    ("patch", "refusal"),
    [("invalid", "invalid"), ("restart", "needs_restart"), ("model", "model_refused")],
)
def test_what_cannot_be_is_rejected_and_nothing_else_happens(
    site: Site, patch: str, refusal: str
) -> None:
    site.publish(order(1, patch))
    assert (site.in_force, site.state) == ("", UpdateStage.REJECTED)
    (rejected,) = site.states("rejected")
    assert rejected is not None
    assert (rejected.version, rejected.refusal) == (1, refusal)
    site.publish(order(2))
    site.turn(60)
    assert site.in_force == "new"
    assert site.states("rejected")[-1] is None


def test_a_gateway_that_got_worse_goes_back_to_what_was_before(site: Site) -> None:
    site.publish(order(1, "good"))
    site.turn(60)
    site.publish(order(2, "bad"))
    site.problems.append(STALLED)
    site.turn(2)
    assert (site.in_force, site.kept, site.state) == ("good", "good", UpdateStage.ROLLED_BACK)
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert (rejected.state, rejected.version) == ("rolled_back", 2)
    assert rejected.reasons == ("worker_stalled analysis-0: hangs",)
    (problem,) = site.updater.outcomes.problems(site.updater.record)
    assert problem.reason is HealthReason.UPDATE_ROLLED_BACK


def test_after_a_connect_it_is_said_what_runs_now_also_where_the_file_was_changed(
    site: Site,
) -> None:
    site.publish(order(1))
    site.turn(60)
    site.digest = "1" * 64
    site.said = list(site.updater.on_connect())
    (reported,) = site.states("reported")
    assert reported is not None
    assert (reported.version, reported.state) == (1, "applied")
    assert reported.effective is not None
    assert reported.effective.digest == site.digest
    assert site.states("rejected") == [None]


def test_what_was_wrong_before_is_none_of_the_updates(site: Site) -> None:
    site.problems.append(STALLED)
    site.publish(order(1))
    site.turn(60)
    assert site.state is UpdateStage.APPLIED


def test_an_order_that_comes_in_the_window_waits_for_its_end(site: Site) -> None:
    site.publish(order(1, "first"))
    site.publish(order(2, "second"))
    assert site.in_force == "first"
    site.turn(60)
    site.turn(1)
    assert site.in_force == "second"
    assert [one.version for one in site.states("reported") if one and one.state == "applied"] == [1]


def test_an_order_that_a_clock_ahead_took_for_expired_is_looked_at_again_when_it_is_right(
    site: Site,
) -> None:
    years_s = 10 * 365 * 86_400.0
    site.clock.jump(years_s)
    site.publish(order(1))
    assert [one and one.refusal for one in site.states("rejected")] == ["expired"]
    site.turn(60)
    assert len(site.states("rejected")) == 1, "said once"
    site.clock.jump(-years_s)
    site.turn()
    assert site.in_force == "new"


def test_an_order_for_a_group_is_looked_at_again_when_the_gateway_joins_it(site: Site) -> None:
    targets = Targets(groups=("shops",))
    changed = {"version": 1, "patch": "new", "targets": targets}
    site.publish(sign_order(CONFIG_ORDER.model_copy(update=changed), ALICE))
    assert [one and one.refusal for one in site.states("rejected")] == ["not_for_us"]
    manage = site.loaded.config.manage.model_copy(update={"groups": ("shops",)})
    config = site.loaded.config.model_copy(update={"manage": manage})
    site.loaded = Loaded(config=config, origins={}, sha256="0" * 64)
    site.turn()
    assert site.in_force == "new"


def test_an_order_that_the_disk_did_not_take_is_tried_again(site: Site) -> None:
    outbox = site.folder / "outbox"
    outbox.write_text("no folder")
    site.publish(order(1))
    assert [one and one.refusal for one in site.states("rejected")] == ["not_kept"]
    outbox.unlink()
    site.turn(AGAIN_S)
    assert site.in_force == "new"


def test_a_pipe_in_the_place_of_an_order_stops_nothing(site: Site) -> None:
    pipe = site.folder / "order.json"
    os.mkfifo(pipe)
    manage = site.loaded.config.manage.model_copy(update={"desired_file": pipe})
    config = site.loaded.config.model_copy(update={"manage": manage})
    site.loaded = Loaded(config=config, origins={}, sha256="0" * 64)
    looking = threading.Thread(target=site.turn, args=(10.0,), daemon=True)
    looking.start()
    looking.join(30)
    stuck = looking.is_alive()
    if stuck:  # let it end
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    assert not stuck
    pipe.unlink()
    pipe.write_bytes(order(1))
    site.turn(10)
    assert site.in_force == "new"


def test_a_disk_that_takes_nothing_keeps_the_order_from_any_effect(site: Site) -> None:
    (site.folder / "outbox").write_text("no folder")
    site.publish(order(1))
    assert site.in_force == ""
    (rejected,) = site.states("rejected")
    assert rejected is not None
    assert rejected.refusal == "not_kept"


def test_after_a_restart_an_older_order_is_still_a_replay(site: Site) -> None:
    site.publish(order(7))
    site.turn(60)
    site.start()
    site.publish(order(6, "older"))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert (rejected.refusal, site.in_force) == ("replayed", "new")


def test_an_order_that_came_before_the_root_that_knows_its_key_is_read_again(site: Site) -> None:
    targets = Targets(gateways=(TOPICS.gateway,))
    early = CONFIG_ORDER.model_copy(update={"targets": targets, "patch": "new"})
    site.publish(sign_order(early, BOB))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert rejected.refusal == "foreign_key"
    following = sign_root(root_of(2, config=(BOB, CAROL)), ALICE, BOB)
    site.publish(write_roots(2, [following]), TOPICS.of_trust())
    site.turn()
    assert site.in_force == "new"
    site.turn(60)
    site.start()
    site.publish(sign_order(early.model_copy(update={"version": 8}), ALICE))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert rejected.refusal == "foreign_key"


def test_a_refused_order_is_not_read_again_because_another_is_accepted(site: Site) -> None:
    site.publish(sign_order(CONFIG_ORDER, ALICE))
    site.publish(order(8))
    site.turn(60)
    site.turn()
    assert [one.refusal for one in site.states("rejected") if one] == ["not_for_us"]


def test_what_has_to_be_prepared_is_waited_for(site: Site) -> None:
    site.publish(order(1, "later"))
    site.turn(600)
    assert (site.in_force, site.state) == ("", UpdateStage.VERIFIED)
    site.prepared = True
    site.turn()
    assert site.in_force == "later"


def test_a_flood_of_orders_costs_a_turn_no_more_than_a_few(site: Site) -> None:
    inbox = site.inbox
    for number in range(100):
        inbox.on_message(DESIRED, b"%d" % number, retained=False)
    assert inbox.dropped == 92
    site.turn()
    assert len(site.states("rejected")) == 4
