"""The catalogue of events promises nothing that no process logs."""

from __future__ import annotations

from pathlib import Path

from service.catalogue import Event

CHECKOUT = Path(__file__).parents[3]
PROCESSES = ("bridge", "cloud", "edge", "service")


def test_every_event_of_the_catalogue_is_logged_somewhere() -> None:
    files = [file for folder in PROCESSES for file in (CHECKOUT / folder).rglob("*.py")]
    sources = "\n".join(file.read_text() for file in files)
    assert [event.value for event in Event if f"Event.{event.name}" not in sources] == []
