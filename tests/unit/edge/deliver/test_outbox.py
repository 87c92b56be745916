"""The outbox: what it gives out and when, verdicts, deadlines, threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.deliver.retry_schedule import LEASE_S
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site, due, told


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "outbox")


def test_a_parcel_comes_out_as_it_went_in(site: Site) -> None:
    outbox, sent = site.open(), bundle(1)
    assert outbox.put(sent)
    entry = outbox.deliveries.next_due(site.mono())
    assert entry is not None
    assert entry.report.model_copy(update={"link": None}) == sent.report
    assert (entry.state, entry.attempts) == ("pending", 0)
    assert outbox.pictures(entry) == sent.pictures


def test_the_same_report_is_kept_once(site: Site) -> None:
    outbox = site.open()
    assert outbox.put(bundle(1))
    assert not outbox.put(bundle(1, severity=3))
    assert outbox.depth().entries == {"pending": 1}


def test_the_most_severe_goes_first_and_then_the_oldest(site: Site) -> None:
    outbox = site.open()
    for number, severity in enumerate([1, 2, 0, 2, 1]):
        outbox.put(bundle(number, severity=severity))
    assert [due(outbox, site) for _ in range(6)] == [*map(name, [1, 3, 0, 4, 2]), None]


def test_an_entry_in_work_is_not_given_out_again_until_its_lease_ends(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    assert due(outbox, site) == name(1)
    site.clock.advance(LEASE_S - 1)
    assert due(outbox, site) is None
    site.clock.advance(1)
    assert due(outbox, site) == name(1)


def test_a_failed_entry_waits_and_its_attempts_are_remembered_over_a_restart(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.deliveries.release(name(1), site.mono() + 10)
    outbox.deliveries.release(name(1), site.mono() + 20)
    outbox.deliveries.release(name(1), site.mono() + 30, counted=False)
    site.clock.advance(29)
    assert due(outbox, site) is None
    outbox.close()
    entry = site.open().deliveries.next_due(site.mono())
    assert entry is not None
    assert entry.attempts == 2


def test_a_step_that_succeeds_clears_the_attempts(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.deliveries.release(name(1), site.mono())
    outbox.deliveries.mark_stored(name(1))
    entry = outbox.deliveries.next_due(site.mono())
    assert entry is not None
    assert (entry.state, entry.attempts) == ("stored", 0)


def test_a_report_is_repeated_only_after_its_wait_also_after_a_restart(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.deliveries.mark_stored(name(1))
    outbox.deliveries.mark_reported(name(1), site.mono() + 30)
    site.clock.advance(20)
    outbox.close()
    outbox = site.open()
    site.clock.advance(29)
    assert due(outbox, site) is None
    site.clock.advance(1)
    assert due(outbox, site) == name(1)


def test_the_first_verdict_stands(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    assert outbox.close_with(verdict(1, "refuted"), ["site"])
    assert not outbox.close_with(verdict(1, "confirmed"), ["site"])
    assert not outbox.close_with(verdict(1, "unconfirmed"), ["site"])
    assert not outbox.close_with(verdict(2, "confirmed"), ["site"])
    assert told(outbox, "site") == [verdict(1, "refuted")]
    assert due(outbox, site) is None


def test_unconfirmed_is_replaced_by_the_cloud_once(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    assert outbox.close_with(verdict(1, "unconfirmed"), ["site"])
    assert not outbox.close_with(verdict(1, "unconfirmed"), ["site"])
    assert told(outbox, "site") == [verdict(1, "unconfirmed")]
    assert outbox.close_with(verdict(1, "confirmed"), ["site"])
    assert told(outbox, "site") == [verdict(1, "confirmed")]
    assert not outbox.close_with(verdict(1, "refuted"), ["site"])
    assert told(outbox, "site") == []


def test_an_unconfirmed_entry_is_still_delivered(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close_with(verdict(1, "unconfirmed"))
    entry = outbox.deliveries.next_due(site.mono())
    assert entry is not None
    assert (entry.state, entry.decision) == ("pending", "unconfirmed")
    assert outbox.pictures(entry) is not None


def test_pictures_go_with_the_last_entry_that_needs_them(site: Site) -> None:
    outbox = site.open()
    for number in (1, 2):
        outbox.put(bundle(number, shared="same scene"))
    shared = bundle(1, shared="same scene").pictures[1].sha256
    assert len(site.files()) == 3
    for number, left in ((1, 2), (2, 0)):
        outbox.close_with(verdict(number, "refuted"))
        assert len(site.files()) == left
        assert (shared in site.files()) == (number == 1)
    assert outbox.depth().entries == {"done": 2}


def test_no_answer_by_the_deadline_is_noticed_whatever_the_wall_clock_does(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    site.clock.jump(86_400 * 365)
    assert outbox.overdue(60.0, 9) == ()
    site.clock.jump(-86_400 * 700)
    site.clock.advance(60)
    assert [entry.report_id for entry in outbox.overdue(60.0, 9)] == [name(1)]
    outbox.close_with(verdict(1, "unconfirmed"))
    assert outbox.overdue(60.0, 9) == ()


def test_the_deadline_runs_on_over_a_restart(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    site.clock.advance(40)
    outbox.close()
    outbox = site.open()
    assert outbox.overdue(60.0, 9) == ()
    site.clock.advance(20)
    assert [entry.report_id for entry in outbox.overdue(60.0, 9)] == [name(1)]


def test_a_buried_entry_is_not_delivered_but_its_silence_is_noticed(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.deliveries.bury(name(1), "poison")
    assert due(outbox, site) is None
    site.clock.advance(60)
    assert [entry.state for entry in outbox.overdue(60.0, 9)] == ["buried"]
    assert outbox.close_with(verdict(1, "confirmed"))
    assert outbox.depth().entries == {"done": 1}


def test_many_threads_put_and_take_without_losing_or_doubling(site: Site) -> None:
    outbox, start = site.open(), threading.Barrier(4)

    def put(first: int) -> None:
        start.wait(10.0)
        for number in range(first, first + 8):
            outbox.put(bundle(number, size=100))

    def take() -> list[str]:
        start.wait(10.0)
        taken: list[str] = []
        for _ in range(40):
            entry = outbox.deliveries.next_due(site.mono())
            if entry is not None:
                assert outbox.pictures(entry) is not None
                taken.append(entry.report_id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        putting = [pool.submit(put, first) for first in (0, 100)]
        taking = [pool.submit(take) for _ in range(2)]
        for job in putting:
            job.result(30.0)
        taken = [str(report_id) for job in taking for report_id in job.result(30.0)]
    while (left := due(outbox, site)) is not None:
        taken.append(left)
    assert sorted(taken) == sorted(name(n) for n in (*range(8), *range(100, 108)))
