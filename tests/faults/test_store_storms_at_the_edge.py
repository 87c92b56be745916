"""The store answers the gateway badly: no thread is stuck, nobody goes silent, and afterwards every
suspicion has come through with its evidence, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults import front as fronts
from tests.faults.conftest import open_layout
from tests.faults.front import Fault, Front, front
from tests.faults.layout import Layout, s3_store
from tests.faults.storms import nothing_lost_nothing_twice, weather

pytestmark = pytest.mark.timeout(400)

STORMS: dict[str, Fault] = {
    "500": fronts.says(500, "InternalError"),
    "503": fronts.says(503, "SlowDown"),
    "403": fronts.says(403, "ExpiredToken"),
    "404": fronts.says(404, "NoSuchBucket"),
    "409": fronts.says(409, "ConditionalRequestConflict"),
    "412": fronts.says(412, "PreconditionFailed"),
    "304": fronts.says(304, "NotModified"),
    "done-and-500": fronts.does_it_and_says(500, "InternalError"),
    "portal": fronts.portal,
    "truncates": fronts.truncates,
    "hangs": fronts.hangs,
    "drips": fronts.drips,
    "drips-headers": fronts.drips_headers,
    "resets": fronts.resets,
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    with open_layout(tmp_path_factory.mktemp("storms"), "storms") as layout, layout.workers():
        yield layout


@contextmanager
def before(layout: Layout) -> Iterator[tuple[Front, dict[str, object]]]:
    """A front of the store, and a configuration that leads through it."""
    with front(layout.store.now) as standing:
        store = s3_store(layout.store.now, standing.url, timeout_s=2.0)
        config = layout.config(store=store)
        config["runtime"] |= {"heartbeat_s": 5}
        yield standing, config


@pytest.mark.parametrize("name", STORMS)
def test_a_storm_delays_and_costs_nothing(servers: Layout, name: str) -> None:
    layout = servers.afresh(name)
    with (
        before(layout) as (standing, config),
        layout.ears() as ears,
        layout.edge(config) as daemon,
    ):
        weather(layout, ears, daemon, standing, STORMS[name])
        nothing_lost_nothing_twice(ears, daemon)
