"""A real Chromium for all tests of pages; they are skipped with a reason where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from service.clock import SystemClock
from tests.consoles import parts_in, serving
from tests.processes import free_port

FOUND_AS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser; each test opens a context of its own in it."""
    program = next(filter(None, map(shutil.which, FOUND_AS)), None)
    if program is None:
        pytest.skip("no Chromium: tools/system_packages browser installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, headless=True, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@dataclass(frozen=True)
class Served:
    """A console on a port."""

    parts: ConsoleParts
    url: str


EDGE = """
cameras:
  yard:
    zones: [{id: drive, polygon: [[0.35, 0.55], [0.8, 0.55], [0.95, 1], [0.25, 1]]}]
    privacy_masks: [{id: street, polygon: [[0, 0], [1, 0], [1, 0.12], [0, 0.12]]}]
    rules: [{id: intruder, labels: [person], zones: [drive]}]
"""
STEPS = ("Look at the second camera", "Call the site")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """With one site that has steps, and databases of its own."""
    port = free_port()
    sites = {"mill": {"gateways": ["north"], "steps": list(STEPS)}}
    (tmp_path / "edge.yaml").write_text(EDGE)
    files = {"north": str(tmp_path / "edge.yaml")}
    listen = f"127.0.0.1:{port}"
    parts = parts_in(tmp_path, SystemClock(), listen=listen, sites=sites, configurations=files)
    with serving(create_app(parts), port) as url:
        yield Served(parts, url)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window with no cookies; what its console says of refused content fails the test."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, timezone_id="UTC", locale="en-GB"
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    wrong = [one for one in said if "Content Security Policy" in one or "Error:" in one]
    assert wrong == []
