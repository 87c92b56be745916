"""How old an entry is, over restarts, boots and clocks that jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.deliver.ages import ClockReading, age_s, boot_id
from edge.deliver.outbox import LossReason
from tests.unit.edge.deliver.bundles import bundle, name
from tests.unit.edge.deliver.site import Site

DAY_S = 86_400.0
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def moment(
    at: datetime = NOW, mono_s: float = 1000.0, boot: str = "a", synchronised: bool = True
) -> ClockReading:
    return ClockReading(at=at, mono_s=mono_s, boot=boot, synchronised=synchronised)


def test_within_a_boot_only_the_monotonic_clock_counts() -> None:
    later = moment(NOW + timedelta(days=400), mono_s=1060.0)
    assert age_s(moment(), later, 5.0) == 60.0
    assert age_s(moment(synchronised=False), later, 5.0) == 60.0


def test_across_boots_the_wall_clock_counts_if_it_was_right_at_both_ends() -> None:
    put_at, now = moment(NOW - timedelta(days=2)), moment(mono_s=10.0, boot="b")
    assert age_s(put_at, now, 5.0) == 2 * DAY_S
    wrong = moment(datetime(2020, 1, 1, tzinfo=UTC), synchronised=False)
    assert age_s(wrong, now, 5.0) == 5.0
    assert (
        age_s(put_at, moment(NOW + timedelta(days=900), boot="b", synchronised=False), 5.0) == 5.0
    )


def test_no_age_is_negative_and_an_unnamed_boot_is_no_boot() -> None:
    assert age_s(moment(NOW + timedelta(days=1)), moment(boot="b"), 3.0) == 3.0
    assert age_s(moment(boot=""), moment(boot="", mono_s=9000.0), 3.0) == 3.0
    assert isinstance(boot_id(), str)


def reboot(site: Site, at: datetime, *, synchronised: bool) -> None:
    """The machine starts again: another boot, and the wall clock where it happens to stand."""
    site.boot += "+"
    site.clock.jump((at - site.clock.now()).total_seconds())
    site.synchronised = synchronised


def test_raised_without_a_clock_and_swept_with_the_right_time_nothing_goes_for_age(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    reboot(site, datetime(2020, 1, 1, tzinfo=UTC), synchronised=False)
    outbox = site.open()
    for number in range(3):
        outbox.put(bundle(number))
    outbox.close()
    reboot(site, NOW, synchronised=True)
    outbox = site.open()
    outbox.sweep()
    assert (outbox.depth().entries, site.losses) == ({"pending": 3}, [])
    site.clock.advance(8 * DAY_S)
    outbox.sweep()
    assert [loss.reason for loss in site.losses] == [LossReason.AGE] * 3


def test_raised_with_the_right_time_it_goes_for_age_once_the_clock_is_right_again(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    reboot(site, NOW, synchronised=True)
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close()
    reboot(site, datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    outbox = site.open()
    outbox.sweep()
    assert site.losses == []
    site.clock.jump((NOW + timedelta(days=9) - site.clock.now()).total_seconds())
    outbox.sweep()
    assert site.losses == []
    site.synchronised = True
    outbox.sweep()
    assert [loss.report_id for loss in site.losses] == [name(1)]


def test_jumps_of_thirty_days_while_it_runs_change_no_age(tmp_path: Path) -> None:
    site = Site(tmp_path)
    outbox = site.open()
    outbox.put(bundle(1))
    for days in (30, -60, 30):
        site.clock.jump(days * DAY_S)
        outbox.sweep()
        assert outbox.overdue(60.0, 9) == ()
        assert outbox.oldest_s() == 0.0
    site.clock.advance(61)
    assert [late.report_id for late in outbox.overdue(60.0, 9)] == [name(1)]
    assert site.losses == []


def test_a_restart_within_a_boot_knows_the_age_whatever_the_wall_clock_says(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path)
    site.synchronised = False
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close()
    site.clock.advance(45)
    site.clock.jump(-30 * DAY_S)
    outbox = site.open()
    assert outbox.oldest_s() == 45.0
