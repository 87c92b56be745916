"""The configuration as something that changes: by the user's file, or by an order from afar.

SHELL, on the control loop's thread. One way for both: load the file with the update in force laid
over it, compare, build beside what runs, swap. The user's file is never written. Called by `daemon`
for a SIGHUP, by `edge.update.updater` for an order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.shadow import ShadowResult
from edge.config.live import LAST_GOOD, keep, read_last_good
from edge.config.load import Loaded, load
from edge.config.parse import parse
from edge.config.reload import ReloadPart, plan
from edge.daemon.gateway import Gateway
from edge.daemon.in_force import Built
from edge.errors import ConfigError, ConfigProblem
from edge.shadow.runs import ShadowPair
from edge.update.patches import patches_of
from edge.update.store import KeptUpdate
from service.events import Event, configure, log

PROTECTED = ("manage", "version")
"""Sections that no order may change: who may order stands in the gateway's own file."""


class ConfigTarget:
    """The configuration of a running gateway."""

    def __init__(self, gateway: Gateway, path: Path | None, environ: Mapping[str, str]) -> None:
        self._gateway, self._path, self._environ = gateway, path, environ
        self._kept = True

    def ready(self, update: KeptUpdate) -> bool:  # noqa: ARG002, as the updater asks every target
        """At once."""
        return True

    def propose(self, update: KeptUpdate | None) -> ConfigChange:
        """The file with an order's patch, and the model in force; raises `ConfigError`."""
        content = "" if update is None else update.content
        named = parse(content.encode("utf-8", "surrogatepass"))[0]
        problems = tuple(_protected(name) for name in PROTECTED if name in named)
        if problems:
            raise ConfigError(problems)
        return self.with_updates(update, self._gateway.updates.models.record.in_force)

    def with_updates(self, config: KeptUpdate | None, model: KeptUpdate | None) -> ConfigChange:
        """The file with these laid over it; raises `ConfigError`."""
        outbox = self._gateway.config().deliver.outbox.path
        return self._loaded(patches_of(outbox, config, model))

    def last_good(self) -> ConfigChange:
        """What was kept; raises `ConfigError`."""
        file = self._gateway.config().deliver.outbox.path / LAST_GOOD
        try:
            return ConfigChange(self._gateway, read_last_good(file))
        except OSError as error:
            problem = ConfigProblem(path=str(file), problem=f"cannot be read: {error.strerror}")
            raise ConfigError((problem,)) from error

    def take_up_file(self) -> Loaded:
        """The file as it is now, with the update in force. Raises `ConfigError` or `ModelError`,
        and then everything is as it was."""
        change = self._loaded(self._gateway.updates.patches)
        change.plan()
        change.build()
        change.swap()
        self.keep()
        return change.proposed

    def keep(self) -> None:
        """As last good, but for what may be rolled back yet; a disk that takes no file keeps nobody
        from watching."""
        current = self._gateway.live.current
        if self._gateway.updates.on_trial:
            return
        try:
            keep(current)
        except OSError as error:
            log(Event.CONFIG_NOT_KEPT, config=current.version, reason=str(error))
            self._kept = False
        else:
            self._kept = True

    def keep_again(self) -> None:
        """What the disk did not take; call it every minute or so."""
        if not self._kept:
            self.keep()

    def _loaded(self, patches: Sequence[str]) -> ConfigChange:
        return ConfigChange(self._gateway, load(self._path, self._environ, patches))


class ConfigChange:
    """A valid configuration on its way into force."""

    def __init__(self, gateway: Gateway, proposed: Loaded) -> None:
        self._gateway = gateway
        self._plan = plan(gateway.live.current.config, proposed.config)
        self._built: Built | None = None
        self.proposed = proposed

    def plan(self) -> None:
        """Raises `ConfigError` with every key that needs a restart."""
        if self._plan.needs_restart:
            raise ConfigError(self._plan.needs_restart)

    def shadow(self) -> ShadowResult | None:
        """What recent frames say of it, beside what is in force; None while they are judged."""
        gateway, current = self._gateway, self._gateway.live.current
        return gateway.shadow.result(
            ShadowPair(
                before=gateway.in_force.controls.replayed(current.config),
                after=gateway.in_force.controls.replayed(self.proposed.config),
                key=(current.sha256, self.proposed.sha256),
            )
        )

    def build(self) -> None:
        """Raises `ModelError` or `ConfigError`."""
        anew = ReloadPart.DETECTOR in self._plan.rebuild
        self._built = self._gateway.in_force.build(self.proposed, anew=anew)

    def swap(self) -> None:
        """After `build`: from the next frame on; what is retained is published again."""
        if self._built is None:
            raise ValueError("not built yet")
        self._gateway.take_up(self._built)
        if ReloadPart.LOG in self._plan.rebuild:
            configure(level=self.proposed.config.runtime.log_level)
        self._gateway.publications.republish()


def _protected(name: str) -> ConfigProblem:
    return ConfigProblem(
        path=name,
        problem="no order may change it",
        hint="change it in the gateway's own file",
    )
