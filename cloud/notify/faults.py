"""Faults of gateways and cameras as notices: who is silent, and which camera cannot see.

PURE. From what gateways say of themselves; a fault is told once it has lasted for some time, and
again once it is over. Called by `intake`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from cloud.fleet.silence import Gap, Gaps, GapSubject, silent
from cloud.fleet.states import FleetGateway
from cloud.notify.choice import NotifiedSite
from cloud.notify.notice import Kind, Notice
from contract.ids import GatewayId

TAMPER = ("covered", "moved", "defocused", "dark", "blown_out", "glare", "frozen")
"""Reasons of a camera's health by which it may see nobody, the most telling first."""

SEVERITY = 1
"""Of a fault, on the scale of alarms."""

FaultsFound = Mapping[GapSubject, tuple[str, datetime | None]]


class Faults:
    """The open faults of one kind."""

    def __init__(self, kind: Kind, after_s: float) -> None:
        self.kind = kind
        self._gaps = Gaps(after_s)

    def resume(self, notice: Notice) -> None:
        """One that was told before we began."""
        self._gaps.resume(
            Gap(subject=(notice.gateway, notice.camera), reason=notice.label, begin=notice.at)
        )

    def step(
        self,
        found: FaultsFound,
        now: datetime,
        mono: float,
        site: Callable[[GatewayId], NotifiedSite],
    ) -> list[Notice]:
        """What began or is over, as notices."""
        gaps = self._gaps.step(found, now, mono)
        return [_notice(self.kind, gap, site(gap.subject[0])) for gap in gaps]


def lost(known: Mapping[GatewayId, FleetGateway], stale: Callable[[float], bool]) -> FaultsFound:
    """Gateways that are gone, and cameras that are gone of those which are not."""
    return {
        subject: (reason, None)
        for name, one in known.items()
        for subject, reason in silent(name, one, stale(one.heard_at_s))
    }


def tampered(known: Mapping[GatewayId, FleetGateway]) -> FaultsFound:
    """Cameras of present gateways that say why they may see nobody."""
    return dict(_tampered(known))


def _tampered(
    known: Mapping[GatewayId, FleetGateway],
) -> Iterator[tuple[GapSubject, tuple[str, datetime | None]]]:
    for name, one in known.items():
        if one.presence != "online":
            continue
        for camera, state in one.cameras.items():
            said = state.health.get("reasons")
            reasons = said if isinstance(said, list) else []
            worst = next((word for word in TAMPER if word in reasons), None)
            if worst is not None and state.status != "offline":
                yield (name, camera), (worst, None)


def _notice(kind: Kind, gap: Gap, site: NotifiedSite) -> Notice:
    gateway, camera = gap.subject
    about = f"fault:{kind}:{gateway}/{camera or ''}:{int(gap.begin.timestamp())}"
    return Notice(
        about=about,
        stage="first" if gap.end is None else "ended",
        kind=kind,
        event=about,
        site=site.id,
        place=site.place,
        time_zone=site.time_zone,
        gateway=gateway,
        camera=camera,
        label=gap.reason,
        severity=SEVERITY,
        at=gap.begin if gap.end is None else gap.end,
    )
