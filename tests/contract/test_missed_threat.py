"""A missed threat is the same whoever reports it, and lies where its id says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from contract.ids import CameraId, GatewayId
from contract.keys import missed_key, parse_alarm_record_key, parse_missed_key
from contract.missed_threat import MissedThreat

AT = datetime(2026, 11, 29, 1, 30, 5, tzinfo=UTC)
THREAT = MissedThreat(
    gateway=GatewayId("north"),
    camera=CameraId("yard"),
    label="person",
    missed_at=AT,
    by="olga",
    reported_at=AT + timedelta(hours=1),
)


def test_who_reports_it_and_when_and_in_which_zone_makes_no_other_threat() -> None:
    again = THREAT.model_copy(
        update={
            "by": "oleg",
            "note": "a man",
            "missed_at": AT.astimezone(timezone(timedelta(hours=2))).replace(microsecond=9),
        }
    )
    assert again.id == THREAT.id


@pytest.mark.parametrize(
    "other",
    [
        {"gateway": "south"},
        {"camera": "gate"},
        {"label": "car"},
        {"missed_at": AT + timedelta(seconds=1)},
    ],
)
def test_what_is_elsewhere_or_something_else_is_another(other: dict[str, object]) -> None:
    assert THREAT.model_copy(update=other).id != THREAT.id


def test_its_key_is_read_back_and_is_none_of_an_alarm() -> None:
    key = missed_key(THREAT.gateway, THREAT.id)
    assert parse_missed_key(key) == (THREAT.gateway, THREAT.id)
    assert parse_alarm_record_key(key) is None
    assert parse_missed_key(key.replace("missed", "missing")) is None


def test_it_is_the_same_from_its_own_json() -> None:
    assert MissedThreat.model_validate_json(THREAT.model_dump_json()) == THREAT
