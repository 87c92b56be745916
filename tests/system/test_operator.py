"""An operator and two real gateways, each site with its own broker to the cloud's: two groups, a
staged roll-out that halts by itself, keys that are replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.links import wait_until
from tests.operators import Operator
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import Edge, edge, settings, uplink

pytestmark = pytest.mark.slow

RINGS = ("--ring", "canary", "--ring", "100%", "--watch-s", "3", "--grace-s", "3")
QUICK = (*RINGS, "--accept-unreplayed")
"""No camera sends anything."""


@contextmanager
def gateways(
    site: Broker, cloud: Broker, root: str, folder: Path, root_file: Path
) -> Iterator[dict[str, Edge]]:
    """The canary and one of the shops, both watched by the operator's cloud only."""
    with ExitStack() as stack:
        found = {}
        for name, group in (("bird", "canary"), ("shop", "shops")):
            own = folder / name
            own.mkdir(exist_ok=True)
            found[name] = stack.enter_context(
                edge(own, config(name, group, site, cloud, root, own, root_file))
            )
        yield found


def config(
    name: str, group: str, site: Broker, cloud: Broker, root: str, folder: Path, root_file: Path
) -> dict[str, Any]:
    chosen = settings(site, root, folder, uplink=uplink(cloud))
    chosen["gateway"] = {"id": name}
    chosen["camera_defaults"] = {"kind": "stream"}
    chosen["manage"] = {
        "root": str(root_file),
        "groups": [group],
        "health_window_s": 1,
        "shadow": {"max_run_s": 600},
    }
    return chosen


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Does it beside the block."""
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def roll_out(operator: Operator, order: str, *options: str) -> int:
    how = [*(options or QUICK), "--signing-key", operator.file("bob")]
    return operator("config", "roll-out", order, *how, *operator.store, *operator.connection)


def answers(operator: Operator) -> dict[str, tuple[object, object]]:
    rows = operator.status()[1]
    return {name: (row["answer"], row["running"]) for name, row in rows.items()}


def test_two_groups_a_staged_roll_out_and_keys_that_are_replaced(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    operator = Operator(tmp_path, cloud_broker, root)
    first = operator.root()
    with gateways(site_broker, cloud_broker, root, tmp_path, first) as found:
        before = {name: one.health()["config"] for name, one in found.items()}
        for group, score in (("canary", 0.4), ("shops", 0.35)):
            patch = f"detect: {{min_score: {score}}}"
            order = operator.signed(patch, "--for-group", group)
            assert operator.publish(order) == 0, operator.complaint
        wait_until(
            lambda: answers(operator) == {"bird": ("applied", 1), "shop": ("applied", 2)},
            "each group has its own",
        )
        assert all(one.health()["config"] != before[name] for name, one in found.items())

        bad = operator.signed("detect: {no_such_key: 1}", "--for-percent", "100")
        assert roll_out(operator, bad) == 1
        assert "rejected: bird" in operator.said[-1]
        assert "no_such_key" in operator.said[-1]
        assert answers(operator) == {"bird": ("rejected", 1), "shop": ("applied", 2)}

        good = operator.signed("detect: {min_score: 0.45}", "--for-percent", "100")
        assert roll_out(operator, good) == 0, operator.said
        assert answers(operator) == {"bird": ("applied", 4), "shop": ("applied", 4)}

        second = operator.file("root-2.json")
        change = ["--add", f"config={operator.file('carol.pub')}"]
        change += ["--remove", f"config={operator.file('alice.pub')}"]
        by = ["--sign", operator.file("alice")]
        assert operator("root", "rotate", str(first), second, *change, *by) == 0
        common = [*operator.store, *operator.connection]
        stale = operator.signed("detect: {min_score: 0.1}", "--for-percent", "100")
        assert operator("root", "publish", second, *common) == 0
        assert operator.publish(stale) == 1
        trusted = ["--trust", str(first)]
        assert operator.publish(stale, *trusted) == 0
        wait_until(
            lambda: {one[0] for one in answers(operator).values()} == {"rejected"},
            "the key that left orders nothing more",
        )
        assert "foreign_key" in str(operator.status()[1]["shop"]["why"])
        order = operator.signed("detect: {min_score: 0.5}", "--for-percent", "100", by=("carol",))
        with meanwhile(lambda: killed_when_it_runs(found["bird"])):
            assert roll_out(operator, order) == 1
        assert "silent or worse: bird (it is offline)" in operator.said[-1]
        assert answers(operator)["shop"] == ("rejected", 4)


def killed_when_it_runs(daemon: Edge) -> None:
    """As soon as it has taken the last order for good."""
    wait(daemon, lambda: any(one["version"] == 6 for one in daemon.events("update_applied")))
    daemon.process.kill()
