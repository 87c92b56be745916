"""Pictures in parts: put together in order, bounded, and refused once."""

from hypothesis import given
from hypothesis import strategies as st

from edge.intake.chunks import (
    MAX_PARTS,
    AssemblyState,
    ChunkLimits,
    ChunkTopic,
    expire,
    split_topic,
    step,
)
from imaging.admission import Reason, Rejected

PICTURE = b"\xff\xd8\xff" + bytes(range(1, 200)) + b"\xff\xd9"
LIMITS = ChunkLimits(max_bytes=1_000, timeout_s=10.0)
START, DATA, END = ChunkTopic.START, ChunkTopic.DATA, ChunkTopic.END


def fed(*messages: tuple[ChunkTopic, bytes]) -> list[bytes | Reason]:
    """What came of `messages`, all at the same moment, silence left out."""
    state: AssemblyState = None
    said: list[bytes | Reason] = []
    for part, payload in messages:
        state, one = step(state, part, payload, 5.0, LIMITS)
        if one is not None:
            said.append(one.reason if isinstance(one, Rejected) else one)
    return said


def in_parts(picture: bytes, size: int) -> list[tuple[ChunkTopic, bytes]]:
    return [(DATA, picture[at : at + size]) for at in range(0, len(picture), size)]


def test_a_picture_of_announced_size_is_whole_when_the_size_is_reached() -> None:
    for announced in (b"204", b" 204 ", b'{"size": 204}'):
        assert fed((START, announced), *in_parts(PICTURE, 50)) == [PICTURE]


def test_the_end_completes_a_picture_of_unknown_size() -> None:
    for nothing in (b"", b"front.jpg", b"{}", b'{"size": "big"}', b"[[", b"true"):
        messages = in_parts(PICTURE[:-2], 50)
        assert fed((START, nothing), *messages, (END, b"")) == [PICTURE[:-2]]


def test_without_a_size_the_end_marker_completes_a_jpeg() -> None:
    assert fed((START, b""), *in_parts(PICTURE, 50)) == [PICTURE]


def test_an_end_behind_a_complete_picture_says_nothing() -> None:
    assert fed((START, b"204"), *in_parts(PICTURE, 50), (END, b"")) == [PICTURE]


def test_the_next_picture_begins_afresh() -> None:
    one = [(START, b"204"), *in_parts(PICTURE, 64), (END, b"")]
    assert fed(*one, *one) == [PICTURE, PICTURE]


def test_data_without_a_start_is_refused_once() -> None:
    messages = [*in_parts(PICTURE, 10), (END, b"")]
    assert fed(*messages) == [Reason.CHUNK_ORDER]


def test_a_start_within_a_picture_refuses_the_old_one_and_begins_the_new() -> None:
    old = [(START, b"204"), (DATA, PICTURE[:50])]
    new = [(START, b"204"), *in_parts(PICTURE, 50)]
    assert fed(*old, *new) == [Reason.CHUNK_ORDER, PICTURE]


def test_a_lost_part_is_noticed_at_the_end() -> None:
    parts = in_parts(PICTURE, 50)
    messages = [(START, b"204"), *parts[:2], *parts[3:], (END, b"")]
    assert fed(*messages) == [Reason.TRUNCATED]


def test_an_end_without_data_is_empty() -> None:
    assert fed((START, b""), (END, b"")) == [Reason.EMPTY]


def test_more_than_announced_is_refused() -> None:
    assert fed((START, b"10"), (DATA, PICTURE)) == [Reason.CHUNK_ORDER]


def test_too_much_is_refused_once_whether_announced_or_not() -> None:
    flood = [(DATA, bytes(400))] * 9
    assert fed((START, b"1001"), *flood, (END, b"")) == [Reason.TOO_LARGE]
    assert fed((START, b""), *flood, (END, b"")) == [Reason.TOO_LARGE]


def test_endless_tiny_parts_are_refused() -> None:
    drops = [(DATA, b"")] * (MAX_PARTS + 5)
    assert fed((START, b""), *drops) == [Reason.TOO_LARGE]


def test_a_picture_whose_parts_stop_is_given_up() -> None:
    state, _ = step(None, START, b"204", 0.0, LIMITS)
    state, _ = step(state, DATA, PICTURE[:50], 8.0, LIMITS)
    assert expire(state, 18.0, LIMITS) == (state, None)
    gone, given_up = expire(state, 18.1, LIMITS)
    assert gone is None
    assert given_up is not None
    assert given_up.reason is Reason.CHUNK_TIMEOUT


def test_what_was_refused_is_given_up_in_silence() -> None:
    state, _ = step(None, DATA, PICTURE[:50], 0.0, LIMITS)
    assert expire(state, 60.0, LIMITS) == (None, None)


def test_a_late_part_is_refused_and_the_rest_passed_over() -> None:
    state, _ = step(None, START, b"204", 0.0, LIMITS)
    state, late = step(state, DATA, PICTURE[:50], 10.5, LIMITS)
    assert isinstance(late, Rejected)
    assert late.reason is Reason.CHUNK_TIMEOUT
    _, nothing = step(state, DATA, PICTURE[50:], 10.6, LIMITS)
    assert nothing is None


def test_a_start_after_a_silence_refuses_the_old_picture_and_begins_the_new() -> None:
    state, _ = step(None, START, b"204", 0.0, LIMITS)
    state, late = step(state, START, b"204", 60.0, LIMITS)
    assert isinstance(late, Rejected)
    assert late.reason is Reason.CHUNK_TIMEOUT
    assert step(state, DATA, PICTURE, 60.1, LIMITS) == (None, PICTURE)


def test_the_last_level_of_a_topic_tells_the_part() -> None:
    assert split_topic("cameras/gate/image/data") == ("cameras/gate/image", DATA)
    assert split_topic("cameras/gate/image") == ("cameras/gate/image", None)
    assert split_topic("start") == ("start", None)


MESSAGES = st.tuples(st.sampled_from(ChunkTopic), st.binary(max_size=300), st.floats(0, 8))


@given(st.lists(MESSAGES, max_size=30))
def test_no_sequence_makes_it_raise_or_pass_the_limit(
    messages: list[tuple[ChunkTopic, bytes, float]],
) -> None:
    state: AssemblyState = None
    now = 0.0
    for part, payload, pause_s in messages:
        now += pause_s
        state, said = step(state, part, payload, now, LIMITS)
        assert said is None or isinstance(said, Rejected) or 0 < len(said) <= LIMITS.max_bytes
