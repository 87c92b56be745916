"""What is asked of every page: axe has nothing against it, and it fits a telephone."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MAX_BYTES = 150_000
_TOP = "(one) => one.getBoundingClientRect().top + scrollY - 16"
_SCROLL = "(top) => scrollTo({ top, behavior: 'instant' })"
_END = """() => [innerWidth, Math.min(innerHeight, Math.max(
  ...[...document.querySelectorAll("main, dialog[open]")]
    .map((one) => one.getBoundingClientRect().bottom + 8)))]"""
_SHOWN = """() => [...document.images].every((one) => {
  const at = one.getBoundingClientRect();
  const seen = at.height > 0 && at.top < innerHeight && at.bottom > 0;
  return !seen || (one.complete && one.naturalWidth > 0);
})"""
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


def picture(page: Page, name: str, top: Locator | None = None) -> None:
    """A page as it stands, without the empty rest of the screen; from `top` on, if that is given.
    Kept in docs/pictures with STILLWATCH_PICTURES=1; small enough in any case."""
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.activeElement.blur()")
    page.evaluate(_SCROLL, 0 if top is None else top.evaluate(_TOP))
    page.wait_for_function(_SHOWN)
    width, end = page.evaluate(_END)
    y = 0 if top is None else max(0, top.evaluate(_TOP) - page.evaluate("scrollY"))
    shot = page.screenshot(clip={"x": 0, "y": y, "width": width, "height": end - y})
    image = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    done, taken = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 82])
    assert done
    assert len(taken) < MAX_BYTES, (name, len(taken))
    if os.environ.get("STILLWATCH_PICTURES"):
        (PICTURES / f"console-{name}.webp").write_bytes(taken.tobytes())
