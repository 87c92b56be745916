"""The outbox under quota, age and a full disk: what goes, in what order, and that it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox import LossReason
from edge.errors import OutboxFull
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site, due


def test_a_full_outbox_displaces_the_least_severe_then_oldest_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    for number, severity in enumerate([1, 0, 2, 0]):
        outbox.put(bundle(number, severity=severity, size=120_000))
    assert site.losses == []
    for number in (4, 5, 6):
        outbox.put(bundle(number, severity=1, size=120_000))
    assert [(loss.report_id, loss.severity) for loss in site.losses] == [
        (name(1), 0),
        (name(3), 0),
        (name(0), 1),
    ]
    assert {loss.reason for loss in site.losses} == {LossReason.QUOTA}
    assert outbox.depth().bytes <= 1_000_000
    assert len(site.files()) == 8


def test_what_is_less_severe_than_all_there_is_refused_and_displaces_nothing(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    for number in range(4):
        outbox.put(bundle(number, severity=2, size=120_000))
    with pytest.raises(OutboxFull, match="no room for"):
        outbox.put(bundle(9, severity=1, size=120_000))
    assert (site.losses, len(site.files())) == ([], 8)
    assert outbox.find(name(9)) is None


def test_the_buried_make_room_first_and_are_no_second_loss(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    for number in range(4):
        outbox.put(bundle(number, severity=number % 3, size=120_000))
    outbox.deliveries.bury(name(2), "poison")
    outbox.put(bundle(9, severity=0, size=120_000))
    assert (site.losses, outbox.find(name(2))) == ([], None)


def test_a_parcel_over_the_whole_quota_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    outbox.put(bundle(1))
    with pytest.raises(OutboxFull):
        outbox.put(bundle(2, severity=4, size=500_000))
    assert outbox.depth().entries == {"pending": 1}


def test_age_ends_what_nobody_wanted_and_forgets_what_is_done(tmp_path: Path) -> None:
    site = Site(tmp_path, max_age_s=86_400)
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.put(bundle(2))
    outbox.close_with(verdict(2, "refuted"))
    site.clock.advance(3601)
    outbox.sweep()
    assert (outbox.depth().entries, site.losses) == ({"pending": 1}, [])
    site.clock.advance(86_400)
    outbox.sweep()
    assert [(loss.report_id, loss.reason) for loss in site.losses] == [(name(1), LossReason.AGE)]
    assert (outbox.depth().entries, outbox.depth().bytes, site.files()) == ({}, 0, set())


def test_an_entry_that_is_displaced_while_in_work_has_no_pictures(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    outbox.put(bundle(1, severity=0, size=300_000))
    entry = outbox.deliveries.next_due(site.mono())
    outbox.put(bundle(2, severity=1, size=300_000))
    assert entry is not None
    assert outbox.pictures(entry) is None
    outbox.deliveries.mark_stored(name(1))
    outbox.deliveries.mark_reported(name(1), site.mono())
    assert [loss.report_id for loss in site.losses] == [name(1)]
    assert due(outbox, site) == name(2)


def test_a_full_outbox_still_takes_another_word_about_what_it_has(tmp_path: Path) -> None:
    site = Site(tmp_path, max_bytes=1_000_000)
    outbox = site.open()
    outbox.put(bundle(1, size=498_000))
    more = bundle(2, size=1000).pictures
    again = bundle(1, size=498_000).report.model_copy(update={"restores_left": 1})
    assert not outbox.extend(ReportBundle(report=again, pictures=more))
    assert outbox.extend(ReportBundle(report=again, pictures=()))
    entry = outbox.find(name(1))
    assert entry is not None
    assert entry.report.restores_left == 1
    assert outbox.pictures(entry) == bundle(1, size=498_000).pictures
