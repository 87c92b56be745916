"""However much there is to say, an entry is one that the shipped broker takes."""

from __future__ import annotations

from datetime import timedelta

from contract.chain import START
from contract.ids import CameraId
from contract.watch import (
    MAX_WATCH_BYTES,
    MOST_CAMERAS,
    MOST_GAPS,
    UnseenSpan,
    WatchedCamera,
    read_sealed,
)
from edge.watch_proof.fitting import OTHER_REASONS, seal_within
from tests.contract.watches import BEGIN, GATE, OURS, entry_of

SPANS = tuple(
    UnseenSpan(begins=BEGIN + timedelta(seconds=n), seconds=9.5) for n in range(MOST_GAPS)
)
COUNT = 2**40


def _camera(reasons: int) -> WatchedCamera:
    rejected = {f"a_reason_of_usual_length_{number}": COUNT for number in range(reasons)}
    return WatchedCamera(received=COUNT * reasons, rejected=rejected, unseen_s=99.0)


def test_what_has_room_is_left_as_it_is() -> None:
    entry = entry_of(1, START, cameras={GATE: _camera(3).model_copy(update={"unseen": SPANS})})
    assert seal_within(entry, OURS).entry == entry


def test_spans_go_before_reasons() -> None:
    entry = entry_of(1, START, cameras={GATE: _camera(20).model_copy(update={"unseen": SPANS})})
    (one,) = seal_within(entry, OURS, 4000).entry.cameras.values()
    assert (one.unseen, one.unseen_s, len(one.rejected)) == ((), 99.0, 20)


def test_a_site_that_is_flooded_in_every_way_has_an_entry_that_balances_and_passes() -> None:
    flooded = {CameraId(f"camera-{number:03d}"): _camera(64) for number in range(MOST_CAMERAS + 2)}
    sealed = seal_within(entry_of(1, START, cameras=flooded), OURS)
    assert len(sealed.content) <= MAX_WATCH_BYTES
    assert read_sealed(sealed.content) == sealed
    assert not sealed.entry.unbalanced()
    assert {tuple(one.rejected) for one in sealed.entry.cameras.values()} == {(OTHER_REASONS,)}
