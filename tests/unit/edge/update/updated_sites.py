"""A gateway that orders change, on a real record, with time in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from contract.ids import GatewayId
from contract.shadow import ReplayLimits, ShadowOutcome, ShadowResult
from contract.topics import Topics
from contract.update import Targets
from contract.update_state import UpdateState
from edge.config.load import Loaded, read
from edge.errors import ConfigError, ConfigProblem
from edge.health.reasons import HealthReason, Problem
from edge.update.health_window import Funnels
from edge.update.inbox import Inbox
from edge.update.machine import UpdateStage
from edge.update.store import KeptUpdate, UpdateStore
from edge.update.trial import TrialSources, UpdateTrial
from edge.update.trust_store import TrustStore
from edge.update.updater import Says, Sources, Updater
from imaging.manifest import ModelError
from service.link import Publication
from tests.contract.orders import (
    ALICE,
    AT,
    CONFIG_ORDER,
    root_of,
    sign_order,
)
from tests.fakes import ManualClock

TOPICS = Topics(gateway=GatewayId("gw"))
DESIRED = TOPICS.of_update("config", "desired")
NOT_REPLAYED = ShadowResult(outcome=ShadowOutcome.NOTHING_TO_REPLAY, detail="no frames")
STALLED = Problem(reason=HealthReason.WORKER_STALLED, subject="analysis-0", detail="hangs")


def order(version: int, patch: str = "new", replay: ReplayLimits | None = None) -> bytes:
    targets = Targets(gateways=(TOPICS.gateway,))
    changed = {"version": version, "patch": patch, "targets": targets, "replay": replay}
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
    failing: str | None = None
    said: list[Publication] = field(default_factory=list)
    digest: str = "0" * 64
    invalid: str = "invalid"
    shadow: ShadowResult | None = NOT_REPLAYED

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
        sources = TrialSources(
            funnels=lambda: no_frames,
            problems=lambda: self.problems,
            failing=lambda: self.failing,
        )
        trial = UpdateTrial(sources, lambda: 60.0, self.clock)
        says = Says(publish=self.said.extend, digest=lambda: self.digest)
        outbox = self.folder / "outbox"
        self.inbox = Inbox(TOPICS, lambda: self.loaded.config.manage.desired_file, self.clock)
        trust = TrustStore(outbox, TOPICS.gateway, lambda: self.loaded.config)
        orders = Sources(topics=TOPICS, outbox=outbox, inbox=self.inbox, trust=trust)
        self.updater = Updater("config", orders, trial, says, self.clock)

    def publish(self, content: bytes, topic: str = DESIRED) -> None:
        assert self.inbox.on_message(topic, content, retained=True)
        self.turn()

    def turn(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.updater.tick(self)

    def ready(self, update: KeptUpdate) -> bool:
        return "later" not in update.content or self.prepared

    def propose(self, update: KeptUpdate | None) -> Word:
        content = "" if update is None else update.content
        if self.invalid in content:
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

    def shadow(self) -> ShadowResult | None:
        assert self.site.state is UpdateStage.IN_SHADOW
        return self.site.shadow

    def build(self) -> None:
        if "model" in self.word:
            raise ModelError("no such model")

    def swap(self) -> None:
        assert self.word == "" or self.site.state in (UpdateStage.SWAPPED, UpdateStage.ROLLED_BACK)
        assert self.site.updater.on_trial  # until the word is in force
        self.site.in_force = self.word
