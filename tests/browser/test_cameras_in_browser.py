"""Fleet, cameras and the end of a shift, as they look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from cloud.console.roles import PersonRole
from cloud.index.desk import ProposedAction
from contract.operator_action import OutcomeCode
from contract.verdict import Decision
from tests.browser.conftest import Served
from tests.browser.looks import accessible, narrow_is_whole, picture, times_have_one_form
from tests.browser.test_wall_in_browser import a_busy_evening, signed_in
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet


@pytest.fixture
def watched(served: Served) -> Served:
    a_busy_evening(served)
    retain_fleet(served.parts.fleet, served.parts.clock.now())
    return served


def test_the_fleet_with_a_silent_gateway(watched: Served, page: Page) -> None:
    signed_in(watched, page, "ina", PersonRole.INSTALLER)
    page.goto(f"{watched.url}/fleet")
    expect(page.locator("tbody tr").first).to_contain_text("south")
    times_have_one_form(page)
    accessible(page)
    narrow_is_whole(page)
    picture(page, "fleet")


def test_a_camera_from_the_list_of_all(watched: Served, page: Page) -> None:
    signed_in(watched, page, "ina", PersonRole.INSTALLER)
    page.goto(f"{watched.url}/cameras")
    accessible(page)
    narrow_is_whole(page)
    picture(page, "cameras")
    page.get_by_role("link", name="yard").press("Enter")
    expect(page.get_by_role("heading", name="Newest stored picture")).to_be_visible()
    expect(page.locator(".over .zone")).to_have_count(1)
    times_have_one_form(page)
    accessible(page)
    narrow_is_whole(page)
    picture(page, "camera")


def test_a_shift_is_handed_over_by_keyboard(watched: Served, page: Page) -> None:
    signed_in(watched, page, "olga", PersonRole.OPERATOR)
    page.goto(watched.url)
    expect(page.locator("#live")).to_have_text("live")
    for _ in range(2):
        page.keyboard.press("j")
        expect(page.locator("#panel .state")).to_have_text("open")
        page.keyboard.press("c")
        expect(page.locator("#panel .state")).to_have_text("olga has it")
    page.get_by_role("link", name="Shift").press("Enter")
    expect(page.get_by_text("2 alarms are in your hands.")).to_be_visible()
    accessible(page)
    picture(page, "shift")
    page.get_by_label("To", exact=True).focus()
    page.keyboard.type("oleg")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("2 handed over to oleg.")
    accessible(page)
    narrow_is_whole(page)


def test_something_that_was_missed_is_reported_by_keyboard(watched: Served, page: Page) -> None:
    signed_in(watched, page, "olga", PersonRole.OPERATOR)
    page.goto(watched.url)
    page.get_by_role("link", name="Something was missed").press("Enter")
    expect(page.locator("[data-zone]")).to_have_text("(your time)")
    accessible(page)
    narrow_is_whole(page)
    page.get_by_label("Camera").focus()
    page.keyboard.type("mill · yard")
    page.keyboard.press("Tab")
    when = page.get_by_label("When")
    expect(when).to_be_focused()
    asked = when.input_value()
    page.get_by_label("Note").focus()
    page.keyboard.type("a man behind the van")
    picture(page, "missed")
    page.get_by_label("Note").focus()
    page.keyboard.press("Enter")
    reported = page.locator("#missed li")
    expect(reported).to_contain_text("person, by olga")
    expect(reported).to_contain_text("a man behind the van")
    (threat,) = watched.parts.access.index.missed.find()
    assert threat.missed_at.strftime("%Y-%m-%dT%H:%M") == asked
    accessible(page)
    narrow_is_whole(page)
    page.goto(f"{watched.url}/quality")
    expect(page.locator(".proposal")).to_contain_text("1 reported as missed")
    accessible(page)
    narrow_is_whole(page)
    picture(page, "proposals", page.get_by_role("heading", name="Proposed thresholds"))


def a_month_with_marks(served: Served) -> None:
    """Alarms of some weeks, about half of which somebody marked."""
    now = served.parts.clock.now()
    kinds: tuple[tuple[str, Decision, OutcomeCode | None], ...] = (
        ("person", "confirmed", "real"),
        ("person", "refuted", None),
        ("car", "refuted", None),
        ("person", "confirmed", "false"),
        ("person", "refuted", "false"),
        ("truck", "confirmed", "expected"),
    )
    for number in range(42):
        label, decision, outcome = kinds[number % len(kinds)]
        gateway, camera = (("north", "yard"), ("north", "gate"), ("south", "garden"))[number % 3]
        report_id = raise_alarm(
            served.parts,
            100 + number,
            now - timedelta(hours=13 * number + 1),
            gateway=gateway,
            camera=camera,
            label=label,
            decision=decision,
            pictures=1,
        )
        if outcome is not None:
            claim = ProposedAction(report_id=report_id, kind="claim", by="olga", seen=0)
            served.parts.desk.act(claim)
            served.parts.desk.act(replace(claim, kind="outcome", outcome=outcome, seen=1))


def test_the_figures_of_quality(watched: Served, page: Page) -> None:
    a_month_with_marks(watched)
    signed_in(watched, page, "vera", PersonRole.VIEWER)
    page.goto(f"{watched.url}/quality")
    expect(page.get_by_role("heading", name="Noisiest cameras")).to_be_visible()
    accessible(page)
    narrow_is_whole(page)
    picture(page, "quality")
