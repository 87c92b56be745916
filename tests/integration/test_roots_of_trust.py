"""An operator's keys and roots of trust: whose orders gateways carry out, and how that changes."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.links import wait_until
from tests.operators import Operator, gateways
from tests.servers import Broker


def test_keys_are_files_for_their_owner_alone(operator: Operator, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "alice").stat().st_mode) == 0o600
    (tmp_path / "alice").chmod(0o644)
    (tmp_path / "patch.yaml").write_text("detect: {score: 0.5}")
    signing = ["--sign", operator.file("alice"), "--reason", "x", "--for-percent", "100"]
    status = operator("config", "sign", str(tmp_path / "patch.yaml"), *signing, *operator.store)
    assert (status, "chmod 0600" in operator.complaint) == (78, True)


def test_keys_are_replaced_without_locking_anybody_out(
    operator: Operator, mosquitto: Broker, root: str
) -> None:
    first = operator.root()
    with gateways(mosquitto, root, first, a=()) as found:
        stale = operator.signed("detect: {score: 0.1}\n", "--for-percent", "100")
        second, third = operator.file("root-2.json"), operator.file("root-3.json")
        change = ["--add", f"config={operator.file('bob.pub')}"]
        change += ["--remove", f"config={operator.file('alice.pub')}"]
        by = ["--sign", operator.file("bob")]
        assert operator("root", "rotate", str(first), second, *change, *by) == 0
        lost = ["--remove", f"root={operator.file('alice.pub')}"]
        assert operator("root", "rotate", second, third, *lost, *by) == 0
        for one in (second, third):
            assert operator("root", "publish", one, *operator.store, *operator.connection) == 0
        wait_until(lambda: found["a"].trusted.root.version == 3, "it follows")
        assert operator.publish(stale) == 1
        assert "foreign_key" in operator.complaint
        order = operator.signed("detect: {score: 0.2}\n", "--for-percent", "100", by=("bob",))
        assert operator.publish(order) == 0
        wait_until(lambda: found["a"].patches == ["detect: {score: 0.2}\n"], "it has applied")
    with gateways(mosquitto, root, first, b=()) as late:
        assert operator("root", "publish", third, *operator.store, *operator.connection) == 0
        wait_until(lambda: late["b"].trusted.root.version == 3, "it follows both at once")


def test_a_root_that_would_lock_everybody_out_is_not_published(operator: Operator) -> None:
    first = str(operator.root())
    by = ["--sign", operator.file("alice")]
    nobody = ["--remove", f"model={operator.file('carol.pub')}"]
    assert operator("root", "rotate", first, operator.file("x.json"), *nobody, *by) == 1
    assert "role model has no key" in operator.complaint
    high = ["--threshold", "root=3"]
    assert operator("root", "rotate", first, operator.file("x.json"), *high, *by) == 1
    assert "can never sign" in operator.complaint
    both = ["--threshold", "root=2", *by]
    assert operator("root", "rotate", first, operator.file("x.json"), *both) == 0
    show = ["root", "show", operator.file("x.json"), "--from", first]
    assert operator(*show) == 1
    common = [*operator.store, *operator.connection]
    assert operator("root", "publish", operator.file("x.json"), *common) == 1
    assert "below_threshold" in operator.complaint
    assert operator("root", "sign", operator.file("x.json"), "--sign", operator.file("bob")) == 0
    assert operator(*show) == 0


def test_a_refusal_of_a_gateway_with_other_trust_is_read_from_the_cloud(
    operator: Operator, mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = Operator(tmp_path / "other", mosquitto, root).root()
    operator.root()
    with gateways(mosquitto, root, stranger, a=()):
        order = operator.signed("detect: {score: 0.5}\n", "--for-percent", "100")
        assert operator.publish(order) == 0
        wait_until(lambda: operator.status()[1]["a"]["answer"] == "rejected", "it refused")
        assert "foreign_key" in str(operator.status()[1]["a"]["why"])
