"""What is counted between two moments adds up, whoever came, went and came back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from contract.watch import MOST_CAMERAS
from edge.metrics.counters import Counters
from edge.metrics.funnel import OTHERS, UNKNOWN
from edge.watch_proof.counting import FunnelSnapshot, counted

CAMERAS = [CameraId(name) for name in ("gate", "yard", "door")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(CAMERAS),
        st.sampled_from(("received", "quiet", "analysed", "superseded", "reject", "forget")),
    ),
    max_size=60,
)


def _play(counters: Counters, steps: list[tuple[CameraId, str]]) -> FunnelSnapshot:
    """Only what has been received is settled, as in the daemon."""
    for camera, what in steps:
        known = counters.snapshot().get(camera)
        waits = known is not None and known.in_flight > 0
        if what == "forget":
            if known is not None and not waits:
                counters.forget(camera)
        elif what == "received":
            counters.count(camera, "received")
        elif waits and what == "reject":
            counters.reject(camera, "too_large")
        elif waits:
            counters.count(camera, what)  # type: ignore[arg-type]  # the stages from above
    return counters.snapshot()


@given(STEPS, STEPS)
def test_every_camera_balances_and_all_frames_of_the_time_are_there(
    earlier: list[tuple[CameraId, str]], later: list[tuple[CameraId, str]]
) -> None:
    counters = Counters()
    before = _play(counters, earlier)
    after = _play(counters, later)
    found = counted(before, after, ())
    assert not [name for name, one in found.items() if one.imbalance]
    total = sum(one.received for one in found.values())
    assert total == sum(f.received for f in after.values()) - sum(
        f.received for f in before.values()
    )
    assert sum(one.waiting_after for one in found.values()) == sum(
        f.in_flight for f in after.values()
    )


def test_a_frame_that_is_settled_after_its_camera_was_forgotten_still_balances() -> None:
    counters = Counters()
    counters.count(CAMERAS[0], "received")
    counters.forget(CAMERAS[0])
    counters.count(CAMERAS[0], "superseded")
    found = counted({}, counters.snapshot(), ())
    assert found.keys() == {OTHERS}
    assert (found[OTHERS].received, found[OTHERS].imbalance) == (1, 0)


def test_a_listed_camera_that_sent_nothing_is_there_with_nothing() -> None:
    (silent,) = counted({}, {}, CAMERAS[:1]).values()
    assert silent.received == 0


def test_beyond_the_room_of_an_entry_listed_cameras_stay_and_others_are_counted_together() -> None:
    counters = Counters()
    strangers = [CameraId(f"a{number:03d}") for number in range(MOST_CAMERAS + 20)]
    for camera in (*strangers, *CAMERAS, UNKNOWN):
        counters.count(camera, "received")
        counters.count(camera, "quiet")
    found = counted({}, counters.snapshot(), CAMERAS)
    assert {*CAMERAS, UNKNOWN, OTHERS} <= found.keys()
    assert len(found) == MOST_CAMERAS + 2
    assert sum(one.received for one in found.values()) == len(strangers) + len(CAMERAS) + 1
