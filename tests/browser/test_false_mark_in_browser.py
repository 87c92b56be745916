"""A false mark by keyboard, and what it does at the gateway that raised the alarm."""

from __future__ import annotations

import secrets
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from cloud.console.app import create_app
from cloud.console.roles import PersonRole
from cloud.keys import make_keys
from tests.browser.conftest import Served
from tests.browser.test_wall_in_browser import signed_in
from tests.consoles import serving
from tests.processes import HOST, free_port
from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import ear, edge
from tests.system.street_site import StreetSite, console, jpeg, one_walker, snapshots_of


def test_a_false_mark_by_keyboard_silences_the_next_identical_event_of_its_gateway(
    mosquitto: Broker, page: Page, tmp_path: Path
) -> None:
    root, port, walker = f"t{secrets.token_hex(4)}", free_port(), one_walker()
    config = snapshots_of(mosquitto, root, tmp_path, make_keys(tmp_path / "key.pem"))
    with (
        ear(mosquitto, root) as heard,
        console(mosquitto, root, tmp_path, f"{HOST}:{port}") as process,
        serving(create_app(process.parts), port) as url,
        edge(tmp_path, config) as daemon,
    ):
        signed_in(Served(process.parts, url), page, "olga", PersonRole.OPERATOR)
        page.goto(url)
        expect(page.locator("#live")).to_have_text("live")
        site = StreetSite(daemon, heard)
        site.show(jpeg(walker, 95))
        expect(page.locator("a.alarm")).to_have_count(2)
        (yard,) = site.raised("yard")
        page.locator(f'a.alarm[data-alarm="{yard.report_id}"]').focus()
        page.keyboard.press("Enter")
        state = page.locator("#panel .state")
        expect(state).to_have_text("open")
        page.keyboard.press("c")
        expect(state).to_have_text("olga has it")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        expect(state).to_have_text("closed: false alarm")
        logged(daemon, "outcome_received", report_id=yard.report_id, outcome="false")
        expect(page.locator("a.alarm")).to_have_count(1)

        empty = map(partial(np.full_like, walker), cycle(range(60, 200)))
        memory = tmp_path / "outbox"
        wait(daemon, lambda: site.forgets_all_but_what_is_false(next(empty), memory))
        site.show(jpeg(walker, 94))
        assert heard.wait(lambda: len(site.raised("gate")) == 2)
        expect(page.locator("a.alarm")).to_have_count(2)
        assert site.raised("yard") == [yard]
