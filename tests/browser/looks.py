"""What is asked of every page: axe has nothing against it, and it fits a telephone."""

from __future__ import annotations

import os
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MAX_BYTES = 200_000
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

_BEYOND = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("main *, header *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth)
    .map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)"""


def accessible(page: Page) -> None:
    """Fails with what axe has against the page as it stands."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def times_have_one_form(page: Page) -> None:
    """Day and time as on every other page, whatever the browser's language."""
    said = page.locator("main time").all_inner_texts()
    assert said
    assert [one for one in said if _TIME.fullmatch(one) is None] == []


def narrow_is_whole(page: Page) -> None:
    """At a telephone's width nothing stands beside the screen."""
    before = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    wide = page.evaluate(_BEYOND)
    assert wide == [], wide
    if before is not None:
        page.set_viewport_size(before)


def loaded(page: Page, image: Locator) -> None:
    """Waits until a picture of the page shows something."""
    image.scroll_into_view_if_needed()
    page.wait_for_function(
        "one => one.complete && one.naturalWidth > 0", arg=image.element_handle()
    )


def picture(page: Page, name: str) -> None:
    """Kept in docs/pictures with STILLWATCH_PICTURES=1; small enough in any case."""
    taken = page.screenshot(type="jpeg", quality=72)
    assert len(taken) < MAX_BYTES, (name, len(taken))
    if os.environ.get("STILLWATCH_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"console-{name}.jpg").write_bytes(taken)
