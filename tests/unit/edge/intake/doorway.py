"""An intake for tests, whose configuration and clock the test holds."""

from __future__ import annotations

from collections.abc import Iterable

from contract.ids import CameraId
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from edge.intake.redelivery import Attempts
from edge.metrics.counters import Counters
from edge.metrics.funnel import Funnel
from edge.records import Frame
from service.receiver import Receipt
from tests.fakes import ManualClock
from tests.unit.edge.scenes import picture

PICTURE = picture()


class Doorway:
    """An intake with its mailboxes, whose configuration and clock the test holds."""

    def __init__(
        self, document: str = "", workers: int = 1, attempts: Attempts | None = None
    ) -> None:
        self.config: EdgeConfig = read(document.encode(), {}).config
        self.clock = ManualClock()
        self.counters = Counters()
        self.mailboxes = [Mailbox() for _ in range(workers)]
        self.found: list[str] = []
        self.gone: list[str] = []
        self.acked = 0
        self.intake = Intake(
            lambda: self.config,
            self.mailboxes,
            self.counters,
            self.clock,
            CameraListener(found=self.found.append, left=self._leave),
            attempts,
        )

    def configure(self, document: str) -> None:
        self.config = read(document.encode(), {}).config

    def hear(self, topic: str, payload: bytes = PICTURE, retained: bool = False) -> None:
        self.intake.on_message(topic, payload, retained, self._ack)

    def image(self, camera: str, payload: bytes = PICTURE) -> None:
        self.hear(f"cameras/{camera}/image", payload)

    def parts(self, camera: str, payloads: Iterable[tuple[str, bytes]]) -> None:
        for part, payload in payloads:
            self.hear(f"cameras/{camera}/image/{part}", payload)

    def funnel(self, camera: str) -> Funnel:
        return self.counters.snapshot().get(CameraId(camera), Funnel())

    def waiting(self) -> list[Frame]:
        """The frames in all mailboxes, taken out."""
        frames = []
        for mailbox in self.mailboxes:
            while (frame := mailbox.take(0)) is not None:
                frames.append(frame)
        return frames

    def held(self, payload: bytes, again: bool = False, mid: int = 1) -> Ack:
        """A picture of the camera `door` that the broker holds until it is acknowledged."""
        ack = Ack(mid, again)
        self.intake.on_held_message("cameras/door/image", payload, False, ack)
        return ack

    def _leave(self, camera: CameraId) -> None:
        self.gone.append(camera)
        self.counters.forget(camera)

    def _ack(self) -> None:
        self.acked += 1


class Ack(Receipt):
    """Counts its calls."""

    __slots__ = ("calls",)

    def __init__(self, mid: int, again: bool) -> None:
        super().__init__(mid, again, lambda _: None)
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
