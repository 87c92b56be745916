"""What is in force: the configuration under what people set, the networks, the origin of reports.

SHELL. Changed on the control loop's thread alone; any thread may ask for the configuration. What
the analysis threads go by they are given whole (`worker_settings`). Made by `gateway`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from contract.ids import CameraId
from contract.signature import Keyring
from contract.topics import Topics
from edge.config.live import Live
from edge.config.load import Loaded
from edge.config.schema import EdgeConfig
from edge.daemon.analysis import WorkerSettings
from edge.daemon.camera_controls import CameraControls, ChangedControls
from edge.daemon.connections import open_keyring
from edge.deliver.evidence import ReportOrigin
from edge.detect.networks import NamedDetector, OpenDetectors
from edge.privacy import privacy_of
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A configuration with what it needs, ready to be swapped in: `keyring` has the cloud's keys,
    `networks` are one per analysis thread."""

    loaded: Loaded
    keyring: Keyring | None
    networks: tuple[NamedDetector, ...]


class InForce:
    """`controls` are what people set, `live` the configuration under them."""

    def __init__(
        self,
        loaded: Loaded,
        topics: Topics,
        clock: Clock,
        synchronised: Callable[[], bool],
        followed: Callable[[], Collection[CameraId]],
        open_networks: OpenDetectors,
    ) -> None:
        """`synchronised` is whether the wall clock is trusted; `followed`: cameras beside the
        listed ones. Raises `ModelError`."""
        self._gateway, self._synchronised = topics.gateway, synchronised
        self._open_networks = open_networks
        self.networks = tuple(open_networks(loaded.config))
        self.live = Live(loaded)
        folder = loaded.config.deliver.outbox.path
        self.controls = CameraControls(folder, topics, clock, self.live, followed)
        self._config = self.controls.in_force()

    def config(self) -> EdgeConfig:
        """The configuration, with switches, thresholds and profile as they stand."""
        return self._config

    def model_sha256(self) -> str:
        """Of the network; of the first where there are several."""
        return self.networks[0].sha256

    def build(self, proposed: Loaded, *, anew: bool) -> Built:
        """What another configuration needs, beside what runs; networks are opened `anew` if it asks
        for others. Raises `ModelError` or `ConfigError`."""
        keyring = open_keyring(proposed.config)
        networks = tuple(self._open_networks(proposed.config)) if anew else self.networks
        return Built(loaded=proposed, keyring=keyring, networks=networks)

    def take_up(self, built: Built) -> None:
        """Another configuration, under the same controls as far as they fit it."""
        self.networks = built.networks
        self.live.swap(built.loaded)
        self._config = self.controls.in_force()

    def turn_controls(self) -> ChangedControls | None:
        """Takes up what people set since the last turn; None if that changed nothing."""
        changed = self.controls.turn()
        if changed is not None:
            self._config = self.controls.in_force()
        return changed

    def worker_settings(self) -> tuple[WorkerSettings, ...]:
        """What the worker of each network goes by from now on."""
        return tuple(
            WorkerSettings(config=self._config, detector=network, origin=self._origin(network))
            for network in self.networks
        )

    def origin(self) -> ReportOrigin:
        """What a report of no camera's frames says of where it comes from."""
        return self._origin(self.networks[0])

    def _origin(self, network: NamedDetector) -> ReportOrigin:
        current = self.live.current
        return ReportOrigin(
            gateway=self._gateway,
            model_sha256=network.sha256,
            config_version=current.version,
            config_sha256=current.sha256,
            profile=self.controls.profile_name(),
            evidence=current.config.deliver.evidence,
            privacy=privacy_of(current.config),
            clocksync=self._synchronised,
            on_test=self.controls.on_test,
        )
