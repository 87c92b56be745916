"""Health: reasons with since-when, gathered from checks and notes; bounded; ill only for stalls."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from edge.health.gateway_health import MOST_LISTED, GatewayHealth, HealthCollector
from edge.health.reasons import HealthReason, Problem
from tests.fakes import ManualClock

OPERATIONS = Path(__file__).parents[4] / "docs" / "operations.md"
DOWN = Problem(reason=HealthReason.LINK_DOWN, subject="uplink", detail="refused")
STALLED = Problem(reason=HealthReason.WORKER_STALLED, subject="courier")


class Part:
    """A part of the gateway whose problems the test holds."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems

    def __call__(self) -> tuple[Problem, ...]:
        return self.problems


def watched(*problems: Problem) -> tuple[GatewayHealth, Part, ManualClock]:
    clock, part = ManualClock(), Part(*problems)
    health = GatewayHealth(clock)
    health.add_checks(part)
    return health, part, clock


def test_without_a_problem_all_is_well() -> None:
    health, _, _ = watched()
    assert health.condition().as_json() == {"status": "ok", "reasons": []}


def test_a_problem_degrades_and_says_of_what_since_when_and_what_to_do() -> None:
    health, _, clock = watched(DOWN)
    health.condition()
    began = clock.now()
    clock.advance(90)
    assert json.loads(json.dumps(health.condition().as_json())) == {
        "status": "degraded",
        "reasons": [
            {
                "reason": "link_down",
                "of": "uplink",
                "detail": "refused",
                "action": HealthReason.LINK_DOWN.action,
                "since": began.isoformat(timespec="seconds"),
                "for_s": 90.0,
            }
        ],
    }


def test_since_outlives_a_new_detail_and_a_jump_of_the_clock_but_not_a_recovery() -> None:
    health, part, clock = watched(DOWN)
    health.condition()
    clock.advance(10)
    clock.jump(86_400)
    part.problems = (Problem(reason=HealthReason.LINK_DOWN, subject="uplink", detail="timed out"),)
    (ongoing,) = health.condition().ongoing
    assert (ongoing.for_s, ongoing.problem.detail) == (10.0, "timed out")
    part.problems = ()
    assert health.condition().status == "ok"
    part.problems = (DOWN,)
    (ongoing,) = health.condition().ongoing
    assert ongoing.for_s == 0.0


def test_only_what_a_restart_mends_is_unhealthy() -> None:
    assert [reason for reason in HealthReason if reason.unhealthy] == [HealthReason.WORKER_STALLED]
    for reason in HealthReason:
        health, _, _ = watched(Problem(reason=reason))
        assert health.condition().status == ("unhealthy" if reason.unhealthy else "degraded")


def test_what_is_said_is_bounded() -> None:
    many = [Problem(reason=HealthReason.CAMERA_SILENT, subject=f"c{n}") for n in range(1000)]
    health, _, _ = watched(*many)
    condition = health.condition()
    assert len(condition.ongoing) == MOST_LISTED
    assert condition.as_json()["more_reasons"] == 1000 - MOST_LISTED
    assert len(json.dumps(condition.as_json())) < 64 * 1024


def test_an_unhealthy_reason_counts_even_where_it_is_not_listed() -> None:
    many = [Problem(reason=HealthReason.CAMERA_SILENT, subject=f"c{n}") for n in range(1000)]
    health, _, _ = watched(*many, STALLED)
    assert health.condition().status == "unhealthy"


def test_prometheus_has_every_reason_and_how_many_it_holds_for() -> None:
    health, _, _ = watched(DOWN, Problem(reason=HealthReason.LINK_DOWN, subject="intake"))
    registry = CollectorRegistry()
    registry.register(HealthCollector(health.condition))
    values = {
        reason: registry.get_sample_value("stillwatch_health_problems", {"reason": reason.value})
        for reason in HealthReason
    }
    assert values == {**dict.fromkeys(HealthReason, 0.0), HealthReason.LINK_DOWN: 2.0}


def test_operations_has_a_row_for_every_reason_and_no_other() -> None:
    section = OPERATIONS.read_text(encoding="utf-8").split("## The gateway's health")[1]
    rows = re.findall(r"^\| `(\w+)` \|", section.split("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(reason.value for reason in HealthReason)


def test_every_reason_says_what_it_means_and_what_to_do() -> None:
    assert all(reason.meaning and reason.action for reason in HealthReason)
