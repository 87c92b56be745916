"""The model as something that changes by an order from afar.

SHELL, on the control loop's thread. An ordered model is a folder beside the outbox that
`detect.model` names in a patch of its own, so it comes into force as a configuration does. Called
by `edge.update.updater`.
"""

from __future__ import annotations

from edge.config.load import Loaded
from edge.daemon.config_target import ConfigChange, ConfigTarget
from edge.daemon.connections import open_store_of
from edge.daemon.gateway import Gateway
from edge.errors import ConfigError, ConfigProblem
from edge.update.model_preparation import ModelPlace, ModelPreparation, forget_others
from edge.update.patches import model_folder
from edge.update.store import KeptUpdate


class ModelTarget:
    """The model of a running gateway."""

    def __init__(self, config: ConfigTarget, gateway: Gateway) -> None:
        self._config, self._gateway = config, gateway
        self._outbox = gateway.config().deliver.outbox.path
        place = ModelPlace(
            self._outbox,
            lambda: open_store_of(gateway.config(), gateway.clock, gateway.synchronised),
        )
        self._preparation = ModelPreparation(place, gateway.clock)

    def ready(self, update: KeptUpdate) -> bool:
        """Whether it was fetched and tried, or refused."""
        return self._preparation.ready(update, self._gateway.config().detect)

    def propose(self, update: KeptUpdate | None) -> ConfigChange:
        """The configuration in force with this model; raises `ModelError`, `ConfigError`."""
        if update is not None:
            self._preparation.check(update)
        change = self._config.with_updates(self._gateway.updates.config.record.in_force, update)
        if update is not None:
            self._stands(change.proposed, update)
        return change

    def last_good(self) -> ConfigChange:
        """What was kept; raises `ConfigError`."""
        return self._config.last_good()

    def keep(self) -> None:
        """As last good; models that were in force before are not needed any more."""
        self._config.keep()
        in_force = self._gateway.updates.models.record.in_force
        if in_force is not None:
            forget_others(self._outbox, in_force)

    def _stands(self, proposed: Loaded, update: KeptUpdate) -> None:
        """A variable of the gateway stands over any order."""
        if proposed.config.detect.model != str(model_folder(self._outbox, update)):
            problem = "a variable of this gateway names another model, and stands over the order"
            hint = "remove the variable STILLWATCH__DETECT__MODEL and restart the daemon"
            raise ConfigError((ConfigProblem(path="detect.model", problem=problem, hint=hint),))
