"""What somebody calls false in the console is not raised again, until somebody calls it real."""

from __future__ import annotations

from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from cloud.keys import make_keys
from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import Ear, edge
from tests.system.street_site import (
    CAMERAS,
    Operator,
    StreetSite,
    console,
    jpeg,
    one_walker,
    snapshots_of,
)

pytestmark = pytest.mark.slow


def test_what_is_marked_false_in_the_console_is_not_raised_again_until_it_is_called_real(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    key = make_keys(tmp_path / "key.pem")
    config = snapshots_of(mosquitto, root, tmp_path, key)
    walker = one_walker()
    memory = tmp_path / "outbox"
    with console(mosquitto, root, tmp_path) as process, edge(tmp_path, config) as daemon:
        operator, site = Operator(process), StreetSite(daemon, listening)
        site.show(jpeg(walker, 95))
        assert listening.wait(lambda: all(map(site.raised, CAMERAS)))
        (gate,), (yard,) = map(site.raised, CAMERAS)
        for report, outcome in ((gate, "real"), (yard, "false")):
            wait(daemon, lambda one=report: operator.sees(one))  # type: ignore[misc]  # as above
            operator.closes(report, outcome)  # type: ignore[arg-type]  # mypy widens a tuple's texts
            logged(daemon, "outcome_received", report_id=report.report_id, outcome=outcome)

        empty = map(
            partial(np.full_like, walker), cycle(range(60, 200))
        )  # a little brighter each time
        wait(daemon, lambda: site.forgets_all_but_what_is_false(next(empty), memory))
        site.show(jpeg(walker, 94))
        assert listening.wait(lambda: len(site.raised("gate")) == 2)
        site.show(jpeg(next(empty), 90))  # all before it is logged by now
        assert [one["camera"] for one in daemon.events("suspicion_raised")].count("yard") == 1
        assert site.raised("yard") == [yard]

        operator.corrects(yard, "real")
        logged(daemon, "outcome_received", report_id=yard.report_id, outcome="real")
        wait(daemon, lambda: site.forgets_everything(next(empty), memory))
        site.show(jpeg(walker, 93))
        assert listening.wait(lambda: len(site.raised("yard")) == 2)
