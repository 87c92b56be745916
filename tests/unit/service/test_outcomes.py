"""The table of publications under way: answers early, late, doubled and never."""

import threading

from service.outcomes import Delivered, NotConnected, Pending, PendingTable, Refused, TimedOut


def table() -> PendingTable:
    return PendingTable(max_count=3, max_bytes=100)


def test_an_answer_finds_its_publication() -> None:
    waiting = table()
    pending = waiting.add(7, waiting.generation, "topic", 10)
    assert pending.wait(0) == TimedOut(0)
    assert waiting.resolve(7, Refused("no")) == "topic"
    assert pending.wait(0) == Refused("no")


def test_an_answer_may_come_before_the_publisher_knows_the_message_id() -> None:
    waiting = table()
    generation = waiting.generation
    waiting.resolve(7, Delivered())
    assert waiting.add(7, generation, "topic", 10).wait(0) == Delivered()


def test_the_end_of_a_connection_settles_everything_open() -> None:
    waiting = table()
    pending = waiting.add(7, waiting.generation, "topic", 90)
    waiting.abandon("gone")
    assert pending.wait(0) == NotConnected("gone")
    assert waiting.has_room(90)


def test_a_publication_entered_after_its_connection_ended_is_not_waited_for() -> None:
    waiting = table()
    generation = waiting.generation
    waiting.abandon("gone")
    assert isinstance(waiting.add(7, generation, "topic", 1).wait(0), NotConnected)


def test_an_answer_of_a_former_connection_does_not_settle_a_new_publication() -> None:
    waiting = table()
    waiting.resolve(7, Delivered())
    waiting.abandon("gone")
    assert waiting.add(7, waiting.generation, "topic", 1).wait(0) == TimedOut(0)


def test_room_is_bounded_by_number_and_by_bytes_but_one_always_fits() -> None:
    waiting = table()
    assert waiting.has_room(1000)
    waiting.add(1, waiting.generation, "t", 60)
    assert not waiting.has_room(60)
    waiting.resolve(1, Delivered())
    for mid in (1, 2, 3):
        assert waiting.has_room(1)
        waiting.add(mid, waiting.generation, "t", 1)
    assert not waiting.has_room(1)


def test_the_first_outcome_stays() -> None:
    pending = Pending()
    pending.resolve(Delivered())
    pending.resolve(Refused("late"))
    assert pending.wait(0) == Delivered()


def test_waiting_ends_when_the_answer_comes_on_another_thread() -> None:
    waiting = table()
    pending = waiting.add(1, waiting.generation, "t", 1)
    threading.Thread(target=waiting.resolve, args=(1, Delivered())).start()
    assert pending.wait(10) == Delivered()
