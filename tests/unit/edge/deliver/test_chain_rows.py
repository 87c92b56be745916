"""Reports of a gateway are numbered without a gap, over restarts, and what is given up is named."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.chain import START, link_sha256
from contract.report import ChainLink, ThreatReport
from edge.deliver.chain_rows import MOST_SPANS, with_number
from edge.deliver.outbox import Outbox
from tests.unit.edge.deliver.bundles import bundle, name, picture, verdict
from tests.unit.edge.deliver.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "outbox")


def report_in(outbox: Outbox, number: int) -> ThreatReport:
    entry = outbox.find(name(number))
    assert entry is not None
    return entry.report


def link_in(outbox: Outbox, number: int) -> ChainLink:
    link = report_in(outbox, number).link
    assert link is not None
    return link


def hash_of(report: ThreatReport) -> str:
    assert report.link is not None
    return link_sha256(report.link, report.gateway, report.report_id, report.evidence)


def test_each_report_names_the_one_before_also_over_a_restart(site: Site) -> None:
    outbox = site.open()
    for number in range(3):
        assert outbox.put(bundle(number))
    outbox.close()
    outbox = site.open()
    assert outbox.put(bundle(3))
    links = [link_in(outbox, number) for number in range(4)]
    assert [link.number for link in links] == [1, 2, 3, 4]
    assert len({link.chain for link in links}) == 1
    assert links[0].previous == START
    before = [hash_of(report_in(outbox, number)) for number in range(3)]
    assert [link.previous for link in links[1:]] == before
    assert {link.pictures for link in links} == {2}


def test_a_report_that_is_known_already_takes_no_number(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(0))
    assert not outbox.put(bundle(0))
    outbox.put(bundle(1))
    assert link_in(outbox, 1).number == 2


def test_a_report_that_grows_keeps_its_place_and_its_hash(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(0))
    report = report_in(outbox, 0)
    before, more = hash_of(report), picture("more")
    ref = report.evidence[0].model_copy(update={"key": more.key, "sha256": more.sha256})
    grown = report.model_copy(update={"evidence": (*report.evidence, ref)})
    assert outbox.extend(type(bundle(0))(report=grown, pictures=(more,)))
    assert hash_of(report_in(outbox, 0)) == before


def test_what_was_given_up_is_named_by_those_that_come_after(site: Site) -> None:
    outbox = site.open()
    for number in range(5):
        outbox.put(bundle(number))
    for number in (1, 2, 4):
        outbox.deliveries.bury(name(number), "the broker refuses it")
    outbox.put(bundle(5))
    assert link_in(outbox, 5).given_up == ((2, 3), (5, 5))


def test_what_the_quota_displaces_is_named_too_and_what_was_decided_is_not(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(0))
    outbox.close_with(verdict(0, "refuted"), [])
    outbox.put(bundle(1, severity=0))
    site.clock.advance(site.settings.max_age_s + 1)
    outbox.sweep()
    assert outbox.find(name(0)) is None
    outbox.put(bundle(2))
    assert link_in(outbox, 2).given_up == ((2, 2),)


def test_after_damage_another_chain_begins(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(0))
    first = link_in(outbox, 0).chain
    outbox.close()
    (site.folder / "outbox.sqlite").write_bytes(b"no database" * 1000)
    outbox = site.open()
    assert outbox.repairs.set_aside is not None
    outbox.put(bundle(1))
    link = link_in(outbox, 1)
    assert (link.number, link.previous) == (1, START)
    assert link.chain != first


@given(st.lists(st.integers(1, 40), max_size=60))
def test_spans_name_every_number_once_in_order_as_long_as_there_is_room(
    numbers: list[int],
) -> None:
    spans: tuple[tuple[int, int], ...] = ()
    for number in numbers:
        spans = with_number(spans, number)
        assert len(spans) <= MOST_SPANS
        assert all(a[1] + 1 < b[0] for a, b in pairwise(spans))
    named = {number for first, last in spans for number in range(first, last + 1)}
    assert named <= set(numbers)
    if len(spans) < MOST_SPANS:
        lowest = min(named, default=0)
        assert {number for number in numbers if number >= lowest} == named
