"""Orders as they come, whatever lies in their place and however many there are."""

from __future__ import annotations

import os
import threading

from edge.config.load import Loaded
from tests.unit.edge.update.updated_sites import DESIRED, Site, order


def test_a_pipe_in_the_place_of_an_order_stops_nothing(site: Site) -> None:
    pipe = site.folder / "order.json"
    os.mkfifo(pipe)
    manage = site.loaded.config.manage.model_copy(update={"desired_file": pipe})
    config = site.loaded.config.model_copy(update={"manage": manage})
    site.loaded = Loaded(config=config, origins={}, sha256="0" * 64)
    looking = threading.Thread(target=site.turn, args=(10.0,), daemon=True)
    looking.start()
    looking.join(30)
    stuck = looking.is_alive()
    if stuck:  # let it end
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    assert not stuck
    pipe.unlink()
    pipe.write_bytes(order(1))
    site.turn(10)
    assert site.in_force == "new"


def test_a_flood_of_orders_costs_a_turn_no_more_than_a_few(site: Site) -> None:
    inbox = site.inbox
    for number in range(100):
        inbox.on_message(DESIRED, b"%d" % number, retained=False)
    assert inbox.dropped == 92
    site.turn()
    assert len(site.states("rejected")) == 4
