"""Every page of the console has a picture that a test takes, and the documents show all of them."""

from __future__ import annotations

import re

from tests.browser.looks import MAX_BYTES, PICTURES

CHECKOUT = PICTURES.parents[1]
PAGES = CHECKOUT / "docs" / "console.md"
TESTS = CHECKOUT / "tests" / "browser"
TEMPLATES = CHECKOUT / "cloud" / "console" / "templates"
TAKEN = re.compile(r"picture\(page, \"([a-z-]+)\"")
SHOWN_AS = {"alarm": "alarm-dark", "welcome": "first-start"}
"""Pages whose picture has another name than their template."""
NO_PAGES = {"base", "words", "replayed", "missed_form", "alarm_list", "alarm_panel", "refused"}
"""Parts of pages, and the one that says no."""


def kept() -> set[str]:
    return {one.stem.removeprefix("console-") for one in PICTURES.glob("console-*")}


def test_each_picture_is_taken_by_a_test_and_shown_once_in_the_page_of_all() -> None:
    taken = [name for one in TESTS.glob("test_*.py") for name in TAKEN.findall(one.read_text())]
    shown = re.findall(r"pictures/console-([a-z-]+)\.webp", PAGES.read_text())
    assert sorted(taken) == sorted(shown) == sorted(kept())


def test_every_page_has_a_picture() -> None:
    pages = {one.stem for one in TEMPLATES.glob("*.html")} - NO_PAGES
    names = {SHOWN_AS.get(one, one).replace("_", "-") for one in pages}
    assert names - kept() == set()


def test_pictures_are_small() -> None:
    assert [one for one in PICTURES.glob("console-*") if one.stat().st_size >= MAX_BYTES] == []
