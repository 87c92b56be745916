"""Times on pages: one form, and the moment itself for the browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cloud.console.pages import when

AT = datetime(2026, 11, 29, 1, 30, 5, 999_999, tzinfo=UTC)
SHOWN = ">2026-11-29 01:30:05 UTC</time>"


@pytest.mark.parametrize(
    "at", [AT, AT.isoformat(), AT.astimezone(timezone(timedelta(hours=5, minutes=45)))]
)
def test_a_time_in_any_zone_or_as_text_is_shown_in_utc(at: datetime | str) -> None:
    shown = str(when(at))
    assert shown.endswith(SHOWN)
    assert datetime.fromisoformat(shown.split('"')[1]) == AT


@pytest.mark.parametrize("said", ["", "soon", "<b>", "2026-11-29T01:30:05"])
def test_a_text_that_is_no_moment_stays_a_text_that_pages_escape(said: str) -> None:
    shown = when(said)
    assert shown == said
    assert not hasattr(shown, "__html__")


def test_no_time_is_a_dash() -> None:
    assert when(None) == "-"


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_a_moment_that_has_no_name_in_utc_stays_as_it_is(far: str) -> None:
    assert when(far) == far
