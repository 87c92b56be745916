"""The store of static objects as an analysis thread uses it."""

from __future__ import annotations

from pathlib import Path

from contract.ids import CameraId
from edge.config.schema import StaticObjectsConfig
from edge.static_objects.memory import update_memory
from edge.static_objects.records import Memory
from edge.static_objects.store import LOOK_S, StaticStore
from tests.fakes import ManualClock
from tests.unit.edge.deliver.bundles import CAMERA
from tests.unit.edge.rules.yards import PLACE, frame, observed, yard

OTHER = CameraId("other")


def parked(appearance: int = 1) -> Memory:
    """A memory that knows one parked car."""
    memory = Memory()
    for now in range(8):
        memory, _ = update_memory(
            memory, [observed()], frame(yard((appearance, PLACE)), now), StaticObjectsConfig()
        )
    return memory


class Rim:
    """A store on disk with a clock of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock()
        self.store = StaticStore(folder, self.clock)

    def sync(self, memory: Memory, camera: CameraId = CAMERA) -> Memory:
        self.clock.advance(LOOK_S)
        return self.store.sync(camera, memory)

    def restart(self) -> None:
        self.store.close()
        self.store = StaticStore(self.folder, self.clock)
