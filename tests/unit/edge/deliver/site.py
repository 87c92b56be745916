"""A gateway's outbox folder over any number of restarts, for tests."""

from __future__ import annotations

from pathlib import Path

from contract.verdict import Verdict
from edge.config.schema import OutboxConfig as Settings
from edge.deliver.outbox import Loss, Outbox, open_outbox
from tests.fakes import ManualClock


class Site:
    """A gateway's folder, clock and losses, through any number of restarts."""

    def __init__(self, folder: Path, **settings: float) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.losses: list[Loss] = []
        self.synchronised = True
        self.boot = "first"
        self.settings = Settings.model_validate({"path": folder, "min_free_bytes": 0, **settings})

    def open(self) -> Outbox:
        return open_outbox(
            self.settings, self.clock, self.losses.append, lambda: self.synchronised, self.boot
        )

    def files(self) -> set[str]:
        """The pictures that lie there, and what a write may have left half done."""
        files = (self.folder / "pictures").iterdir()
        return {path.stem for path in files if path.suffix not in (".json", "")}

    def copies(self) -> set[str]:
        """The reports of which there is a copy beside the pictures."""
        return {path.stem for path in (self.folder / "pictures").glob("*.json")}

    def mono(self) -> float:
        return self.clock.mono()


def due(outbox: Outbox, site: Site) -> str | None:
    """The report whose turn it is now."""
    entry = outbox.deliveries.next_due(site.mono())
    return None if entry is None else entry.report_id


def told(outbox: Outbox, destination: str) -> list[Verdict]:
    """What `destination` takes when it is told all that waits for it."""
    verdicts = []
    while (notification := outbox.notifications.next(destination)) is not None:
        verdicts.append(notification.verdict)
        outbox.notifications.end(notification.key, "delivered")
    return verdicts
