"""The updaters of a gateway, one for its configuration and one for its model.

SHELL, though it opens nothing. One update is on trial at a time, of whatever kind: what made the
gateway worse must be known. Made by `gateway`, driven by `daemon`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from contract.topics import Topics
from edge.config.live import Live
from edge.health.reasons import Problem
from edge.update.inbox import Inbox
from edge.update.outcomes import facts
from edge.update.patches import patches_of
from edge.update.target import UpdateTarget
from edge.update.trial import TrialSources, UpdateTrial
from edge.update.trust_store import TrustStore
from edge.update.updater import Says, Sources, Updater
from service.clock import Clock
from service.link import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSays:
    """How the world hears of updates, and the digests of what runs; `info` names the latest."""

    publish: Callable[[Iterable[Publication]], None]
    info: Callable[[], Publication]
    model_sha256: Callable[[], str]


class Updates:
    """Nothing is asked or said before the first turn."""

    def __init__(
        self,
        topics: Topics,
        live: Live,
        looked_at: TrialSources,
        says: UpdateSays,
        clock: Clock,
    ) -> None:
        self._outbox = live.current.config.deliver.outbox.path
        self.inbox = Inbox(topics, lambda: live.current.config.manage.desired_file, clock)
        trust = TrustStore(self._outbox, topics.gateway, lambda: live.current.config)
        trial = UpdateTrial(looked_at, lambda: live.current.config.manage.health_window_s, clock)
        sources = Sources(topics=topics, outbox=self._outbox, inbox=self.inbox, trust=trust)
        self._says, self._told = says, ""
        of_config = Says(publish=self._tell, digest=lambda: live.current.sha256)
        of_model = Says(publish=self._tell, digest=says.model_sha256)
        self.config = Updater("config", sources, trial, of_config, clock)
        self.models = Updater("model", sources, trial, of_model, clock)
        self.updaters = (self.config, self.models)

    @property
    def patches(self) -> tuple[str, ...]:
        """What is in force over the gateway's own file."""
        config, models = self.config.record, self.models.record
        return patches_of(self._outbox, config.in_force, models.in_force)

    @property
    def on_trial(self) -> bool:
        """Whether an update is in force that may be rolled back yet, or is being."""
        return any(one.on_trial for one in self.updaters)

    @property
    def busy(self) -> bool:
        """Whether the next turn has work to do that may take a while."""
        return self.inbox.waits or any(one.busy for one in self.updaters)

    def facts(self) -> dict[str, object]:
        """For `info`."""
        return facts(self.config.record, self.models.record)

    def problems(self) -> Iterator[Problem]:
        """For the gateway's health."""
        for one in self.updaters:
            yield from one.outcomes.problems(one.record)

    def on_connect(self) -> Iterator[Publication]:
        """What must stand at a broker after a connect."""
        for one in self.updaters:
            yield from one.on_connect()

    def _tell(self, publications: Iterable[Publication]) -> None:
        """`info` too, once something that it says of updates has changed."""
        self._says.publish(publications)
        told = str(self.facts())
        if told != self._told:
            self._told = told
            self._says.publish((self._says.info(),))

    def tick(self, config: UpdateTarget, models: UpdateTarget) -> None:
        """Once a turn of the control loop."""
        if not self.models.on_trial:
            self.config.tick(config)
        if not self.config.on_trial:
            self.models.tick(models)
