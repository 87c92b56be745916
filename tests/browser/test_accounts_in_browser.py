"""First start, sign-in, invitations and refusals, by keyboard, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from cloud.console.command import first_link
from cloud.console.roles import PersonRole
from tests.browser.conftest import Served
from tests.browser.looks import accessible, narrow_is_whole, picture
from tests.consoles import PASSWORD, add_person


def test_the_first_start_makes_an_administrator_by_a_link_that_is_good_once(
    served: Served, page: Page
) -> None:
    link = first_link(served.parts.accounts, served.url)
    assert link is not None
    page.goto(link)
    accessible(page)
    narrow_is_whole(page)
    picture(page, "first-start")
    page.get_by_label("Name").focus()
    page.keyboard.type("ada")
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(link)
    expect(page.get_by_text("This link is over, or was used.")).to_be_visible()


def test_one_signs_in_by_keyboard_invites_somebody_and_reads_the_audit_log(
    served: Served, page: Page
) -> None:
    add_person(served.parts, "ada", PersonRole.ADMIN)
    page.goto(f"{served.url}/people")
    accessible(page)
    narrow_is_whole(page)
    picture(page, "sign-in")
    page.get_by_label("Name").focus()
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    page.get_by_label("Name").fill("ben")
    page.get_by_label("Role").select_option("operator")
    page.get_by_label("Role").press("Tab")
    page.keyboard.type("north")
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_contain_text(f"{served.url}/welcome/")
    accessible(page)
    narrow_is_whole(page)
    picture(page, "people")
    page.get_by_role("link", name="Audit").press("Enter")
    expect(page.get_by_text("ben as operator, sites: north")).to_be_visible()
    accessible(page)
    narrow_is_whole(page)
    picture(page, "audit")


def test_a_role_without_the_right_is_told_so(served: Served, page: Page) -> None:
    add_person(served.parts, "vera", PersonRole.VIEWER)
    page.goto(f"{served.url}/people")
    page.get_by_label("Name").fill("vera")
    page.get_by_label("Password").fill("not this one at all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("name or password is wrong")
    accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("this is for admin; you are viewer")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)
    accessible(page)


def test_the_pages_are_dark_where_the_reader_wants_it_dark(served: Served, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served.url}/sign-in")
    accessible(page)
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(14, 21, 27)"
    )
