"""A roll-out over a real broker: ring by ring, halted by itself, killed and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from contract.shadow import ShadowOutcome, ShadowResult
from contract.update import OpenedOrder
from contract.update_state import OrderOutcome
from tests.links import wait_until
from tests.operators import HARMLESS, Judge, Operator, ScriptedGateway, gateways
from tests.servers import Broker

CHECKOUT = Path(__file__).resolve().parents[2]
PATCH = "detect: {min_score: 0.5}\n"
RINGS = ("--ring", "canary", "--ring", "shops", "--ring", "100%")
QUICK = ("--watch-s", "1", "--grace-s", "0", "--answer-s", "30")

NOTHING = ShadowResult(outcome=ShadowOutcome.NOTHING_TO_REPLAY, detail="no frames")

Fleet = dict[str, ScriptedGateway]


class Roller(Operator):
    """Rolls an order out with a key for the record."""

    def roll_out(self, order: str, *options: str) -> int:
        return self(*self.command(order, *options))

    def command(self, order: str, *options: str) -> Sequence[str]:
        key = ["--signing-key", self.file("bob")]
        return ["config", "roll-out", order, *key, *options, *self.store, *self.connection]

    def steps(self) -> list[dict[str, object]]:
        """The record as it lies in the store."""
        folder = self.folder / "store/updates/config/1/roll-out"
        files = sorted(folder.glob("*.json"), key=lambda file: int(file.stem))
        return [json.loads(file.read_text()) for file in files]


@pytest.fixture
def operator(tmp_path: Path, mosquitto: Broker, root: str) -> Roller:
    return Roller(tmp_path, mosquitto, root)


@pytest.fixture
def fleet(operator: Roller, mosquitto: Broker, root: str) -> Iterator[Fleet]:
    """A canary, two shops and a rest."""
    named = {"bird": ("canary",), "s1": ("shops",), "s2": ("shops",), "rest": ()}
    with gateways(mosquitto, root, operator.root(), **named) as found:
        yield found


def took(fleet: Fleet) -> list[str]:
    return [name for name, one in fleet.items() if one.patches]


def test_an_order_that_is_good_reaches_everybody_and_the_record_says_why(
    operator: Roller, fleet: Fleet
) -> None:
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK) == 0, operator.complaint
    assert took(fleet) == ["bird", "s1", "s2", "rest"]
    assert [step["step"] for step in operator.steps()] == [
        "planned",
        *(["started", "advanced"] * 3),
        "completed",
    ]
    members = [step["members"] for step in operator.steps() if step["step"] == "started"]
    assert members == [["bird"], ["s1", "s2"], ["rest"]]
    assert "1 of 1 gateways applied it, watched for" in str(operator.steps()[2]["reasons"])
    assert all("signature" in step for step in operator.steps())
    assert operator.roll_out(order, *RINGS, *QUICK) == 0
    assert "completed" in operator.said[-1]
    assert operator("config", "history", *operator.store) == 0
    assert len(operator.said) == 9


def worse(fleet: Fleet) -> Judge:
    def judge(_: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
        fleet["s2"].say_health("degraded")
        return OrderOutcome.APPLIED, ()

    return judge


def gone(fleet: Fleet) -> Judge:
    def judge(_: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
        fleet["s2"].link.publish(fleet["s2"].topics.of_gateway("status"), b"offline", retain=True)
        return OrderOutcome.APPLIED, ()

    return judge


def missing(fleet: Fleet) -> Judge:
    def judge(_: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
        fleet["s2"].say_stats(0, missed=3)
        fleet["s2"].say_stats(0, missed=4)
        return OrderOutcome.APPLIED, ()

    return judge


def alarming(fleet: Fleet) -> Judge:
    def judge(_: OpenedOrder) -> tuple[OrderOutcome, tuple[str, ...]]:
        fleet["s2"].say_stats(10, confirmed=10)
        fleet["s2"].say_stats(30, confirmed=20)
        return OrderOutcome.APPLIED, ()

    return judge


def refusing(_: Fleet) -> Judge:
    return lambda _: (OrderOutcome.REJECTED, ("detect.min_score: 5 is above 1",))


def returning(_: Fleet) -> Judge:
    return lambda _: (OrderOutcome.ROLLED_BACK, ("camera gate lost health",))


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (refusing, "rejected: s2 (detect.min_score: 5 is above 1)"),
        (returning, "rolled_back: s2 (camera gate lost health)"),
        (worse, "silent or worse: s2 (degraded: camera_offline)"),
        (gone, "silent or worse: s2 (it is offline)"),
        (missing, "1 audited misses, over 0"),
        (alarming, "10 alarms in"),
    ],
)
def test_it_halts_by_itself_and_says_why(
    operator: Roller, fleet: Fleet, fault: type, why: str
) -> None:
    fleet["s2"].judge = fault(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    last = operator.steps()[-1]
    assert (last["step"], last["ring"], why in str(last["reasons"])) == ("stopped", 2, True), last
    assert fleet["rest"].patches == []
    assert why in "\n".join(operator.said)
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    assert operator.steps()[-1] == last


def losing(fleet: Fleet) -> None:
    for name, lost in (("s1", 0), ("s2", 3)):
        change = {"lost": lost, "after": 5 - lost}
        fleet[name].shadow = HARMLESS.model_copy(update=change)


def blind(fleet: Fleet) -> None:
    for name in ("s1", "s2"):
        fleet[name].shadow = NOTHING


@pytest.mark.parametrize(
    ("set_up", "options", "why"),
    [
        (losing, (), "3 of 10 replayed decisions would be lost (30 %), over 10 %"),
        (losing, ("--max-lost-decisions-share", "0.29"), "(30 %), over 29 %"),
        (blind, (), "nothing was replayed, which says nothing for it"),
    ],
)
def test_it_stops_by_itself_on_what_recent_frames_say_with_the_figures_in_the_record(
    operator: Roller,
    fleet: Fleet,
    set_up: Callable[[Fleet], None],
    options: Sequence[str],
    why: str,
) -> None:
    set_up(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK, *options) == 1
    steps = operator.steps()
    advanced, last = steps[2], steps[-1]
    assert "1 of 1 gateways replayed 100 frames (20 s): 0 of 5 decisions lost" in str(advanced)
    assert (last["step"], last["ring"], "signature" in last) == ("stopped", 2, True)
    assert why in str(last["reasons"])
    assert "gateways replayed" in str(last["reasons"])
    assert fleet["rest"].patches == []


@pytest.mark.parametrize(
    ("set_up", "options"),
    [(losing, ("--max-lost-decisions-share", "0.3")), (blind, ("--accept-unreplayed",))],
)
def test_it_advances_where_the_operator_has_allowed_it(
    operator: Roller, fleet: Fleet, set_up: Callable[[Fleet], None], options: Sequence[str]
) -> None:
    set_up(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK, *options) == 0, operator.said
    assert took(fleet) == ["bird", "s1", "s2", "rest"]


def test_what_was_away_or_has_not_answered_is_given_back_what_it_had(
    operator: Roller, fleet: Fleet
) -> None:
    fleet["s1"].link.publish(fleet["s1"].topics.of_gateway("status"), b"offline", retain=True)
    fleet["s1"].link.stop(5)
    fleet["s2"].judge = refusing(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    assert operator.said[-1] == "taken back from s1"
    rows = operator.status()[1]
    assert (rows["s1"]["desired"], rows["s2"]["desired"], rows["bird"]["desired"]) == (None, 1, 1)
    assert operator.steps()[3]["absent"] == ["s1"]


def test_it_goes_on_after_a_stop_only_when_somebody_says_why(
    operator: Roller, fleet: Fleet
) -> None:
    fleet["s2"].judge = missing(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    assert operator.roll_out(order, "--resume") == 1
    assert "--reason" in operator.complaint
    why = ["--resume", "--reason", "they were shadows"]
    assert operator.roll_out(order, *why) == 0, (operator.said, operator.complaint)
    assert took(fleet) == ["bird", "s1", "s2", "rest"]
    resumed = next(step for step in operator.steps() if step["step"] == "resumed")
    assert resumed["reasons"] == ["they were shadows"]


def test_killed_in_the_middle_it_goes_on_where_it_was(operator: Roller, fleet: Fleet) -> None:
    order = operator.signed(PATCH, "--for-percent", "100")
    command = [sys.executable, "-m", "cloud", *operator.command(order, *RINGS, "--watch-s", "3")]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: bool(fleet["s1"].patches), "the second ring has begun")
        process.send_signal(signal.SIGKILL)
    before = operator.steps()
    assert before[-1]["step"] == "started"
    assert operator.roll_out(order, "--watch-s", "0") == 0
    steps = operator.steps()
    assert steps[: len(before)] == before
    assert [step["step"] for step in steps[len(before) :]] == [
        *("advanced", "started", "advanced", "completed")
    ]
    assert [len(one.patches) for one in fleet.values()] == [1, 1, 1, 1]


def test_a_record_that_somebody_changed_stops_it(operator: Roller, fleet: Fleet) -> None:
    fleet["bird"].judge = refusing(fleet)
    order = operator.signed(PATCH, "--for-percent", "100")
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    file = operator.folder / "store/updates/config/1/roll-out/3.json"
    file.write_text(file.read_text().replace('"stopped"', '"advanced"'))
    assert operator.roll_out(order, *RINGS, *QUICK) == 1
    assert "forged" in operator.complaint
    assert took(fleet) == []


def test_without_a_key_for_its_record_it_does_not_begin(operator: Roller, fleet: Fleet) -> None:
    order = operator.signed(PATCH, "--for-percent", "100")
    common = [*operator.store, *operator.connection]
    assert operator("config", "roll-out", order, *common) == 1
    assert "--signing-key" in operator.complaint
    assert took(fleet) == []
