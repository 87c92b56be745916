"""Where reports say they come from: gateway, configuration and model as they are now.

SHELL, though it opens nothing. Asked by `gateway` whenever something of it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.ids import CameraId, GatewayId
from edge.config.live import Live
from edge.deliver.evidence import ReportOrigin
from edge.detect.networks import NamedDetector
from edge.privacy import privacy_of


@dataclass(frozen=True, slots=True)
class ReportOrigins:
    """`synchronised` is whether the wall clock is trusted, `on_test` whether a camera's alarms are
    on test."""

    gateway: GatewayId
    live: Live
    synchronised: Callable[[], bool]
    on_test: Callable[[CameraId], bool]

    def of(self, network: NamedDetector) -> ReportOrigin:
        """Of what this network finds from now on."""
        current = self.live.current
        return ReportOrigin(
            gateway=self.gateway,
            model_sha256=network.sha256,
            config_version=current.version,
            config_sha256=current.sha256,
            evidence=current.config.deliver.evidence,
            privacy=privacy_of(current.config),
            clocksync=self.synchronised,
            on_test=self.on_test,
        )
