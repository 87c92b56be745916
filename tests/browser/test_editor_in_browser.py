"""Zones are drawn by keyboard into a proposal, tried on stored alarms, and applied to nothing."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from pathlib import Path

import yaml
from playwright.sync_api import Page, expect

from cloud.console.roles import PersonRole
from tests.browser.conftest import EDGE, Served
from tests.browser.looks import accessible, loaded, narrow_is_whole, picture
from tests.browser.test_wall_in_browser import a_busy_evening, signed_in
from tests.links import wait_until
from tests.operators import Operator, gateways
from tests.pictured_alarms import raise_alarm
from tests.servers import Broker


def order_taken(patch: str, broker: Broker, folder: Path) -> str:
    """What its gateway applies once whoever holds the keys has signed and published it."""
    folder.mkdir()
    root = f"t{secrets.token_hex(4)}"
    keys = Operator(folder, broker, root)
    with gateways(broker, root, keys.root(), north=()) as named:
        north = named["north"]
        assert keys.publish(keys.signed(patch, "--for-gateway", "north")) == 0, keys.complaint
        wait_until(lambda: bool(north.patches), "the order is applied")
        return north.patches[-1]


def test_a_mask_is_drawn_shows_its_effect_and_becomes_a_signed_order_alone(
    served: Served, page: Page, mosquitto: Broker, tmp_path: Path
) -> None:
    a_busy_evening(served)
    earlier = served.parts.clock.now() - timedelta(hours=2)
    raise_alarm(served.parts, 8, earlier, decision="refuted", walk="along")
    signed_in(served, page, "ina", PersonRole.INSTALLER)
    page.goto(f"{served.url}/cameras/north/yard")
    page.get_by_role("link", name="Propose zones and masks").press("Enter")
    lines = page.get_by_label("Places, one in each line")
    expect(lines).to_have_value(
        "zone drive: 0.35,0.55 0.8,0.55 0.95,1 0.25,1\nprivacy mask street: 0,0 1,0 1,0.12 0,0.12"
    )
    accessible(page)
    narrow_is_whole(page)
    lines.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nobject mask path:")
    page.locator("#drawing").focus()
    for keys in (["Shift+ArrowUp"], ["Shift+ArrowRight"] * 2, ["Shift+ArrowDown"] * 6, []):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".over polygon")).to_have_count(3)
    page.get_by_role("button", name="Show what it would have changed").press("Enter")
    said = page.get_by_role("status")
    expect(said).to_contain_text("Looked at 6 stored frames of 2 alarms and 0 samples")
    expect(said).to_contain_text("1 would not have been raised")
    rows = page.get_by_role("region", name="Alarms by outcome").locator("tbody tr")
    expect(rows).to_have_text(
        [re.compile("confirmed.*1.*0.*0.*0"), re.compile("refuted.*0.*0.*1.*0")]
    )
    lost = page.locator("#lost li")
    expect(lost).to_have_count(1)
    expect(lost).to_contain_text("in object mask path")
    expect(lost.locator(".over .mask")).to_have_count(2)
    loaded(page, lost.locator("img"))
    box = lost.locator(".over .box").bounding_box()
    mask = lost.locator(".over .mask").first.bounding_box()
    assert box is not None
    assert mask is not None
    assert mask["x"] < box["x"] + box["width"] / 2 < mask["x"] + mask["width"]
    expect(page.get_by_label("Patch", exact=True)).to_contain_text("object_masks")
    accessible(page)
    narrow_is_whole(page)
    picture(page, "editor")
    picture(page, "editor-replay", page.locator("#replayed"))
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take the patch").press("Enter")
    patch = Path(taken.value.path()).read_text()
    assert order_taken(patch, mosquitto, tmp_path / "keys") == patch
    (mask,) = yaml.safe_load(patch)["cameras"]["yard"]["object_masks"]
    assert mask["id"] == "path"
    assert (tmp_path / "edge.yaml").read_text() == EDGE
    assert served.parts.audit.newest()[0].what == "change_proposed"


def test_an_operator_draws_nothing(served: Served, page: Page) -> None:
    a_busy_evening(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.goto(f"{served.url}/cameras/north/yard")
    expect(page.get_by_role("link", name="Propose zones and masks")).to_have_count(0)
    page.goto(f"{served.url}/cameras/north/yard/edit")
    expect(page.get_by_text("this is for admin, installer")).to_be_visible()
