"""A gateway's proof of watch with counters and time in the test's hand, on a real disk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from contract.ids import CameraId, GatewayId
from contract.watch import SealedEntry
from edge.metrics.counters import Counters
from edge.watch_proof.files import WatchFiles
from edge.watch_proof.recorder import Voucher, WatchInForce, WatchRecorder, WatchSources
from tests.fakes import ManualClock

NORTH = GatewayId("north")
GATE, YARD = CameraId("gate"), CameraId("yard")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR_S = 3600.0


@dataclass
class WatchedGateway:
    """`start` is another run of the program over the same folder."""

    folder: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    counters: Counters = field(default_factory=Counters)
    disarmed: set[CameraId] = field(default_factory=set)
    synchronised: bool = True
    voucher: Voucher | None = None
    runs: int = 0
    name: GatewayId = NORTH

    def __post_init__(self) -> None:
        self.in_force = WatchInForce(
            config_sha256="c" * 64,
            model_sha256="d" * 64,
            every_s=HOUR_S,
            gap_s=60.0,
            keep=1000,
            listed=frozenset({GATE}),
            disarmed=lambda camera: camera in self.disarmed,
        )
        self.files = WatchFiles(self.folder, self.name)
        self.start()

    def start(self) -> WatchRecorder:
        self.runs += 1
        self.counters = Counters()
        sources = WatchSources(
            gateway=self.name,
            run=str(self.runs),
            program="1.0",
            funnels=self.counters.snapshot,
            in_force=lambda: self.in_force,
            vouch=lambda _key: self.voucher,
            synchronised=lambda: self.synchronised,
        )
        self.recorder = WatchRecorder(self.files, sources, self.clock)
        self.recorder.tick()
        return self.recorder

    def change(self, **changes: object) -> None:
        """Another configuration is in force."""
        self.in_force = replace(self.in_force, **changes)  # type: ignore[arg-type]  # by name

    def frames(self, camera: CameraId = GATE, quiet: int = 3, analysed: int = 1) -> None:
        for stage, count in (("quiet", quiet), ("analysed", analysed)):
            for _ in range(count):
                self.counters.count(camera, "received")
                self.counters.count(camera, stage)  # type: ignore[arg-type]  # both are stages

    def run(self, seconds: float, every_s: float = 10.0) -> None:
        """Frames of the gate all the time."""
        until_s = self.clock.mono() + seconds
        while self.clock.mono() < until_s:
            self.frames()
            self.clock.advance(min(every_s, until_s - self.clock.mono()))
            self.recorder.tick()

    def entries(self) -> list[SealedEntry]:
        return [
            one
            for key_id in self.files.key_ids()
            for number in self.files.numbers(key_id)
            if (one := self.files.read(key_id, number)) is not None
        ]

    def contents(self) -> dict[str, bytes]:
        return {f"{place}": one.content for place, one in enumerate(self.entries())}
