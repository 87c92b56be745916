"""The wall as somebody watches it: alarms arrive live, and are answered by keyboard alone."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import BrowserContext, Page, expect

from cloud.console.roles import PersonRole
from tests.browser.conftest import STEPS, Served
from tests.browser.looks import accessible, narrow_is_whole, picture
from tests.consoles import add_person
from tests.pictured_alarms import raise_alarm


def signed_in(served: Served, page: Page, name: str, role: PersonRole, *sites: str) -> None:
    """Puts the cookie of a session into the browser."""
    person = add_person(served.parts, name, role, *sites)
    context: BrowserContext = page.context
    cookie = served.parts.sessions.open(person)
    context.add_cookies(
        [{"name": "stillwatch_session", "value": cookie, "url": served.url, "httpOnly": True}]
    )


def a_busy_evening(served: Served) -> None:
    now = served.parts.clock.now() - timedelta(minutes=3)
    several = (
        ("north", "yard", "person", 3, "confirmed"),
        ("north", "gate", "car", 2, "confirmed"),
        ("south", "garden", "person", 2, "unconfirmed"),
        ("south", "garage", "person", 3, "confirmed"),
        ("east", "dock", "truck", 1, "inconclusive"),
    )
    for number, (gateway, camera, label, severity, decision) in enumerate(several, 1):
        raise_alarm(
            served.parts,
            number,
            now + timedelta(seconds=17 * number),
            gateway=gateway,
            camera=camera,
            label=label,
            severity=severity,
            decision=decision,  # type: ignore[arg-type]  # mypy widens the texts of a tuple
        )


def test_an_alarm_arrives_live_and_is_answered_by_keyboard(served: Served, page: Page) -> None:
    a_busy_evening(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.goto(served.url)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("a.alarm")).to_have_count(5)
    late = raise_alarm(served.parts, 9, served.parts.clock.now(), camera="yard", severity=4)
    first = page.locator("a.alarm").first
    expect(first).to_have_attribute("data-alarm", late)
    page.keyboard.press("j")
    panel = page.locator("#panel")
    expect(panel.get_by_role("heading", name="person confirmed")).to_be_visible()
    expect(panel.locator("figure:visible rect.box")).to_have_count(2)
    accessible(page)
    picture(page, "wall")
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_have_text("Stop")
    expect(panel.locator('figure[data-picture="1"]')).to_be_visible()
    page.keyboard.press("]")
    expect(page.locator("#play")).to_have_text("Play")
    page.keyboard.press("b")
    expect(panel.locator("rect.box:visible")).to_have_count(0)
    page.keyboard.press("b")
    page.keyboard.press("c")
    expect(panel.locator(".state")).to_have_text("olga has it")
    for number, step in enumerate(STEPS, 1):
        page.keyboard.press("s")
        page.keyboard.press("Enter")
        expect(panel.locator(".done")).to_have_count(number)
        expect(panel.locator(".history")).to_contain_text(step)
    page.keyboard.press("n")
    page.keyboard.type("a man with a bag")
    page.keyboard.press("Enter")
    expect(panel.locator(".history")).to_contain_text("a man with a bag")
    accessible(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(panel.locator(".state")).to_have_text("closed: real threat")
    expect(page.locator("a.alarm")).to_have_count(5)
    accessible(page)


def test_keys_escalate_park_hand_over_and_show_themselves(served: Served, page: Page) -> None:
    a_busy_evening(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.goto(served.url)
    expect(page.locator("#live")).to_have_text("live")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    accessible(page)
    picture(page, "keys")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    panel = page.locator("#panel")
    state = panel.locator(".state")
    expect(state).to_have_text("open")
    page.keyboard.press("e")
    expect(state).to_have_text("escalated to supervisor")
    page.keyboard.press("c")
    expect(state).to_have_text("olga has it")
    page.keyboard.press("p")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(state).to_contain_text("parked until")
    page.keyboard.press("h")
    page.keyboard.type("oleg")
    page.keyboard.press("Enter")
    expect(state).to_have_text("oleg has it")


def test_what_another_does_is_seen_at_once_and_overwrites_nothing_that_is_typed(
    served: Served, page: Page
) -> None:
    a_busy_evening(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.goto(served.url)
    expect(page.locator("#live")).to_have_text("live")
    page.keyboard.press("j")
    state = page.locator("#panel .state")
    expect(state).to_have_text("open")
    chosen = str(page.locator("#panel article").get_attribute("data-alarm"))
    alarm = served.parts.access.index.find(chosen)  # type: ignore[arg-type]  # an id
    assert alarm is not None
    from cloud.index.desk import ProposedAction  # noqa: PLC0415

    served.parts.desk.act(
        ProposedAction(report_id=alarm.report_id, kind="claim", by="oleg", seen=0)
    )
    expect(state).to_have_text("oleg has it")
    page.keyboard.press("n")
    page.keyboard.type("I think that")
    served.parts.desk.act(
        ProposedAction(report_id=alarm.report_id, kind="release", by="oleg", seen=1)
    )
    expect(page.get_by_text("Somebody changed this alarm meanwhile.")).to_be_visible()
    expect(page.locator("#panel [data-focus=n]")).to_have_value("I think that")


def test_filters_by_keyboard_and_a_viewer_who_may_not_act(served: Served, page: Page) -> None:
    a_busy_evening(served)
    signed_in(served, page, "vera", PersonRole.VIEWER, "mill", "south")
    page.goto(served.url)
    expect(page.locator("#live")).to_have_text("live")
    expect(page.locator("a.alarm")).to_have_count(4)
    page.keyboard.press("/")
    page.keyboard.type("m")
    for _ in range(8):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("a.alarm")).to_have_count(2)
    expect(page.locator("#live")).to_have_text("live")
    page.keyboard.press("j")
    expect(page.locator("#panel article")).to_be_visible()
    expect(page.get_by_role("button", name="Claim")).to_have_count(0)
    accessible(page)


def test_on_a_telephone_and_in_the_dark(served: Served, page: Page) -> None:
    a_busy_evening(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto(served.url)
    expect(page.locator("a.alarm")).to_have_count(5)
    narrow_is_whole(page)
    accessible(page)
    picture(page, "wall-phone")
    page.locator("a.alarm").first.press("Enter")
    expect(page.get_by_role("heading", name="person confirmed")).to_be_visible()
    narrow_is_whole(page)
    accessible(page)
    picture(page, "alarm-phone")
    page.get_by_role("button", name="Claim").press("Enter")
    expect(page.locator(".state")).to_have_text("olga has it")
    page.set_viewport_size({"width": 1280, "height": 900})
    accessible(page)
    picture(page, "alarm-dark")
