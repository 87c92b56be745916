"""A row is a function of the set of records: order and repetition do not matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloud.index.records import AlarmRecord, body_of, place_of, record_in
from cloud.index.summary import AlarmSummary, parts_of, summarise
from contract.verdict import NetworkVote
from tests.alarms import action_on, decided, given_up, received, report_of

FIRST, GROWN = report_of(7), report_of(7, pictures=3)
RECORDS: tuple[AlarmRecord, ...] = (
    received(FIRST, after_s=1),
    received(GROWN, after_s=5),
    given_up(FIRST),
    decided(GROWN),
    action_on(FIRST, 1, "claim"),
    action_on(FIRST, 2, "note", note="Somebody climbs the FENCE"),
    action_on(FIRST, 3, "outcome", outcome="real"),
)


def row_of(*records: AlarmRecord) -> AlarmSummary | None:
    return summarise(parts_of(records))


@given(st.permutations(RECORDS))
def test_the_order_of_records_does_not_matter(records: list[AlarmRecord]) -> None:
    assert row_of(*records) == row_of(*RECORDS)


def test_a_whole_alarm_says_who_did_what_and_what_it_was() -> None:
    row = row_of(*RECORDS)
    assert row is not None
    assert (row.state, row.work, row.outcome, row.claimed_by) == (
        "confirmed",
        "closed",
        "real",
        "ann",
    )
    assert "fence" in row.words
    assert parts_of(RECORDS).report == GROWN
    assert parts_of(RECORDS).received_at == received(FIRST, after_s=1).received_at


def test_the_cloud_outranks_the_edge_and_the_edge_outranks_nobody() -> None:
    states = [
        row_of(received(FIRST)),
        row_of(received(FIRST), given_up(FIRST)),
        row_of(received(FIRST), given_up(FIRST), decided(FIRST, "refuted")),
    ]
    assert [one.state for one in states if one] == ["pending", "unconfirmed", "refuted"]


def test_a_verdict_whose_report_was_never_heard_is_an_alarm_all_the_same() -> None:
    row = row_of(decided(FIRST))
    assert row is not None
    assert (row.raised_at, row.received_at, row.rule) == (decided(FIRST).decided_at, None, "")


def test_actions_alone_are_no_alarm() -> None:
    assert row_of(action_on(FIRST, 1, "claim")) is None


def test_a_record_is_read_as_it_was_written() -> None:
    for record in RECORDS:
        assert record_in(place_of(record).kind, body_of(record)) == record


def test_how_each_network_voted_is_on_the_row() -> None:
    votes = (NetworkVote(network="a", score=0.9), NetworkVote(network="b", score=0.25))
    row = row_of(received(FIRST), decided(FIRST).model_copy(update={"votes": votes}))
    assert row is not None
    assert row.votes == {"a": 0.9, "b": 0.25}
