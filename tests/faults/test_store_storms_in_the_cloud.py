"""The store answers a cloud worker badly: nothing is decided on what was not truly seen, the worker
lives, and afterwards every suspicion is confirmed, once.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import front as fronts
from tests.faults.conftest import open_layout
from tests.faults.front import Fault, Front, front
from tests.faults.layout import Layout
from tests.faults.storms import nothing_lost_nothing_twice, weather
from tests.integration.cloud_workers import Serving

pytestmark = pytest.mark.timeout(400)

STORMS: dict[str, Fault] = {
    "500": fronts.says(500, "InternalError"),
    "503": fronts.says(503, "SlowDown"),
    "403": fronts.says(403, "AccessDenied"),
    "404": fronts.says(404, "NoSuchKey"),
    "409": fronts.says(409, "ConditionalRequestConflict"),
    "412": fronts.says(412, "PreconditionFailed"),
    "done-and-500": fronts.does_it_and_says(500, "InternalError"),
    "portal": fronts.portal,
    "truncates": fronts.truncates,
    "lies": fronts.lies,
    "hangs": fronts.hangs,
    "drips": fronts.drips,
    "resets": fronts.resets,
}


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Layout, Front, Serving]]:
    with (
        open_layout(tmp_path_factory.mktemp("storms"), "storms") as layout,
        front(layout.store.now) as standing,
        layout.workers(store_url=standing.url) as (worker,),
    ):
        yield layout, standing, worker


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_delays_and_decides_nothing(
    cloud: tuple[Layout, Front, Serving], name: str
) -> None:
    servers, standing, worker = cloud
    layout = servers.afresh(name)
    with layout.ears() as ears, layout.edge() as daemon:
        weather(layout, ears, daemon, standing, STORMS[name])
        nothing_lost_nothing_twice(ears, daemon)
    assert worker.process.poll() is None, "the worker ended"
