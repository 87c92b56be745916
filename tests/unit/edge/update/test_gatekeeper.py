"""Which orders are believed, and which of the refused are looked at again."""

from __future__ import annotations

from contract.rotation import write_roots
from contract.update import Targets
from edge.config.load import Loaded
from edge.update.gatekeeper import AGAIN_S
from tests.contract.orders import (
    ALICE,
    BOB,
    CAROL,
    CONFIG_ORDER,
    root_of,
    sign_order,
    sign_root,
)
from tests.unit.edge.update.updated_sites import TOPICS, Site, order


def test_an_order_that_a_clock_ahead_took_for_expired_is_looked_at_again_when_it_is_right(
    site: Site,
) -> None:
    years_s = 10 * 365 * 86_400.0
    site.clock.jump(years_s)
    site.publish(order(1))
    assert [one and one.refusal for one in site.states("rejected")] == ["expired"]
    site.turn(60)
    assert len(site.states("rejected")) == 1, "said once"
    site.clock.jump(-years_s)
    site.turn()
    assert site.in_force == "new"


def test_an_order_for_a_group_is_looked_at_again_when_the_gateway_joins_it(site: Site) -> None:
    targets = Targets(groups=("shops",))
    changed = {"version": 1, "patch": "new", "targets": targets}
    site.publish(sign_order(CONFIG_ORDER.model_copy(update=changed), ALICE))
    assert [one and one.refusal for one in site.states("rejected")] == ["not_for_us"]
    manage = site.loaded.config.manage.model_copy(update={"groups": ("shops",)})
    config = site.loaded.config.model_copy(update={"manage": manage})
    site.loaded = Loaded(config=config, origins={}, sha256="0" * 64)
    site.turn()
    assert site.in_force == "new"


def test_an_order_that_the_disk_did_not_take_is_tried_again(site: Site) -> None:
    outbox = site.folder / "outbox"
    outbox.write_text("no folder")
    site.publish(order(1))
    assert [one and one.refusal for one in site.states("rejected")] == ["not_kept"]
    outbox.unlink()
    site.turn(AGAIN_S)
    assert site.in_force == "new"


def test_after_a_restart_an_older_order_is_still_a_replay(site: Site) -> None:
    site.publish(order(7))
    site.turn(60)
    site.start()
    site.publish(order(6, "older"))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert (rejected.refusal, site.in_force) == ("replayed", "new")


def test_an_order_that_came_before_the_root_that_knows_its_key_is_read_again(site: Site) -> None:
    targets = Targets(gateways=(TOPICS.gateway,))
    early = CONFIG_ORDER.model_copy(update={"targets": targets, "patch": "new"})
    site.publish(sign_order(early, BOB))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert rejected.refusal == "foreign_key"
    following = sign_root(root_of(2, config=(BOB, CAROL)), ALICE, BOB)
    site.publish(write_roots(2, [following]), TOPICS.of_trust())
    site.turn()
    assert site.in_force == "new"
    site.turn(60)
    site.start()
    site.publish(sign_order(early.model_copy(update={"version": 8}), ALICE))
    rejected = site.states("rejected")[-1]
    assert rejected is not None
    assert rejected.refusal == "foreign_key"


def test_a_refused_order_is_not_read_again_because_another_is_accepted(site: Site) -> None:
    site.publish(sign_order(CONFIG_ORDER, ALICE))
    site.publish(order(8))
    site.turn(60)
    site.turn()
    assert [one.refusal for one in site.states("rejected") if one] == ["not_for_us"]
