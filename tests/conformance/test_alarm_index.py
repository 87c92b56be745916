"""SQLite and PostgreSQL under one suite: whatever the index answers, both answer alike."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from cloud.index import alarm_index, words
from cloud.index.alarm_index import AlarmIndex
from cloud.index.queries import AlarmFilter, PageEnd, WallOrder
from cloud.index.records import AlarmRecord
from cloud.index.summary import AlarmSummary
from cloud.index.work import WorkStatus
from contract.ids import CameraId, GatewayId, ReportId
from contract.report import FiredRule
from tests.alarms import action_on, decided, given_up, received, report_of
from tests.contract.test_missed_threat import AT, THREAT
from tests.fakes import ManualClock


@pytest.fixture
def index(engine: Engine) -> AlarmIndex:
    return AlarmIndex(engine, ManualClock())


def put(index: AlarmIndex, *records: AlarmRecord, report_id: ReportId) -> AlarmSummary | None:
    return index.add(report_id, records)


def numbers(alarms: tuple[AlarmSummary, ...]) -> list[int]:
    return [int(one.report_id.split(".")[3]) for one in alarms]


def test_an_alarm_is_there_with_its_report_and_knows_its_verdict_later(index: AlarmIndex) -> None:
    report = report_of(1)
    index.add(report.report_id, [received(report)])
    found = index.find(report.report_id)
    assert found is not None
    assert (found.state, found.severity, found.rule) == ("pending", 2, "person")
    index.add(report.report_id, [decided(report)])
    found = index.find(report.report_id)
    assert found is not None
    assert (found.state, found.raised_at) == ("confirmed", report.raised_at)
    parts = index.parts(report.report_id)
    assert (parts.report, parts.verdict) == (report, decided(report))


def test_the_wall_shows_the_most_severe_first_and_among_them_the_newest(index: AlarmIndex) -> None:
    for number, severity in enumerate((1, 3, 2, 3)):
        report = report_of(number, severity=severity)
        index.add(report.report_id, [received(report)])
    assert numbers(index.page(AlarmFilter()).alarms) == [3, 1, 2, 0]
    assert numbers(index.page(AlarmFilter(), WallOrder.TIME).alarms) == [3, 2, 1, 0]


@pytest.mark.parametrize("order", WallOrder)
def test_pages_follow_each_other_without_a_gap_and_without_a_repeat(
    index: AlarmIndex, order: WallOrder
) -> None:
    for number in range(25):  # several of one severity and of one moment
        report = report_of(number, severity=number % 3)
        same = report.model_copy(update={"raised_at": report_of(number // 4).raised_at})
        index.add(report.report_id, [received(same, after_s=60)])
    whole = numbers(index.page(AlarmFilter(), order, limit=100).alarms)
    assert sorted(whole) == list(range(25))
    found, end = list[int](), None
    for _ in range(25):
        page = index.page(AlarmFilter(), order, end, limit=4)
        found += numbers(page.alarms)
        end = page.end
        if end is None:
            break
        newer = report_of(100 + len(found), severity=4)
        index.add(newer.report_id, [received(newer)])  # shifts nothing
    assert found == whole


@pytest.fixture
def mixed(index: AlarmIndex) -> AlarmIndex:
    north = report_of(1, camera="gate", label="person", severity=3)
    yard = report_of(2, camera="yard", label="car", severity=1, rule="night 50%_off")
    south = report_of(3, gateway="south", camera="gate", label="dog", severity=2)
    test = report_of(4, gateway="south", test=True)
    index.add(north.report_id, [received(north), decided(north), action_on(north, 1, "claim")])
    index.add(yard.report_id, [received(yard), decided(yard, "refuted")])
    index.add(south.report_id, [received(south), given_up(south)])
    index.add(test.report_id, [received(test)])
    return index


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AlarmFilter(), {1, 2, 3}),
        (AlarmFilter(gateways=frozenset({GatewayId("south")})), {3}),
        (AlarmFilter(gateways=frozenset()), set()),
        (AlarmFilter(camera=CameraId("gate")), {1, 3}),
        (AlarmFilter(labels=frozenset({"car", "dog"})), {2, 3}),
        (AlarmFilter(min_severity=2), {1, 3}),
        (AlarmFilter(states=frozenset({"unconfirmed", "refuted"})), {2, 3}),
        (AlarmFilter(work=frozenset({"claimed"})), {1}),
        (AlarmFilter(claimed_by="ann"), {1}),
        (AlarmFilter(since=report_of(2).raised_at), {2, 3}),
        (AlarmFilter(until=report_of(2).raised_at), {1}),
        (AlarmFilter(words=("YARD", "nigh")), {2}),
        (AlarmFilter(words=("50%_off",)), {2}),
        (AlarmFilter(words=("5_%",)), set()),
        (AlarmFilter(words=("yard", "south")), set()),
        (AlarmFilter(tests=True, audits=True), {1, 2, 3, 4}),
    ],
)
def test_a_filter_finds_what_it_says(
    mixed: AlarmIndex, wanted: AlarmFilter, expected: set[int]
) -> None:
    assert set(numbers(mixed.page(wanted).alarms)) == expected
    assert mixed.counts(wanted).total == len(expected)


@pytest.mark.parametrize("rare", [1, words.RARE, words.RARE + 1])
def test_a_word_is_found_whether_few_or_many_alarms_have_it(index: AlarmIndex, rare: int) -> None:
    reports = [
        report_of(number, camera="yard" if number < rare else "gate") for number in range(rare + 3)
    ]
    index.replace({report.report_id: [received(report)] for report in reports})
    wanted = AlarmFilter(words=("north", "YAR"))
    assert index.counts(wanted).total == rare
    assert len(index.page(wanted, limit=500).alarms) == min(rare, 500)
    index.replace({reports[0].report_id: ()})
    assert index.counts(wanted).total == rare - 1


@pytest.mark.parametrize("word", ['"', '""" OR words', "a*b", "%%%", "___", "\\\\\\", "né", "x"])
def test_no_word_is_a_command_of_the_database(mixed: AlarmIndex, word: str) -> None:
    assert mixed.page(AlarmFilter(words=(word,))).alarms == ()


def test_counts_say_how_many_of_each_state_and_of_each_kind_of_work(mixed: AlarmIndex) -> None:
    counts = mixed.counts(AlarmFilter())
    assert counts.by_state == {"confirmed": 1, "refuted": 1, "unconfirmed": 1}
    assert counts.by_work == {"claimed": 1, "open": 2}


def test_gateways_are_those_of_which_there_are_alarms(mixed: AlarmIndex) -> None:
    assert mixed.gateways() == {GatewayId("north"), GatewayId("south")}
    north = mixed.page(AlarmFilter(gateways=frozenset({GatewayId("north")}))).alarms
    mixed.replace({one.report_id: () for one in north})
    assert mixed.gateways() == {GatewayId("south")}


def test_where_there_is_no_alarm_there_is_no_gateway(index: AlarmIndex) -> None:
    assert index.gateways() == set()


def test_a_parked_alarm_comes_back_at_its_time(index: AlarmIndex) -> None:
    report = report_of(1)
    until = report_of(600).raised_at
    index.add(report.report_id, [received(report), action_on(report, 1, "park", until=until)])
    wanted: frozenset[WorkStatus] = frozenset({"open"})
    assert not index.page(AlarmFilter(work=wanted)).alarms
    assert not index.page(AlarmFilter(work=wanted, due=report.raised_at)).alarms
    assert numbers(index.page(AlarmFilter(work=wanted, due=until)).alarms) == [1]


def test_the_same_record_again_changes_nothing(index: AlarmIndex) -> None:
    report = report_of(1)
    records: list[AlarmRecord] = [
        received(report),
        decided(report),
        action_on(report, 1, "note", note="a fox"),
    ]
    first = index.add(report.report_id, records)
    later = [received(report, after_s=99), decided(report), *records]
    assert index.add(report.report_id, later) == first == index.find(report.report_id)


def test_several_gateways_with_many_alarms_are_found_as_few_are(
    index: AlarmIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        report = report_of(number, gateway=("north", "south", "west")[number % 3])
        index.add(report.report_id, [received(report)])
    wanted = AlarmFilter(gateways=frozenset({GatewayId("north"), GatewayId("west")}))
    few = index.page(wanted, limit=5)
    monkeypatch.setattr(alarm_index, "MANY", 3)
    assert index.page(wanted, limit=5) == few
    assert numbers(few.alarms) == [11, 9, 8, 6, 5]


def test_what_was_removed_is_gone_with_its_records(index: AlarmIndex) -> None:
    report = report_of(1)
    index.add(report.report_id, [received(report)])
    index.replace({report.report_id: ()})
    assert index.find(report.report_id) is None
    assert index.parts(report.report_id).report is None


def test_texts_that_a_database_may_not_like_are_kept(index: AlarmIndex) -> None:
    report = report_of(1, label="a\x00b 'quoted\" \\ % \U0001f98a")
    odd = report.model_copy(update={"rule": FiredRule(id="\x00", reasons=("\x00",))})
    index.add(report.report_id, [received(odd)])
    found = index.find(report.report_id)
    assert found is not None
    assert found.label == "a\ufffdb 'quoted\" \\ % \U0001f98a"
    assert index.parts(report.report_id).report == odd
    assert index.page(AlarmFilter(words=("\x00b 'quoted\"",))).alarms == (found,)


def test_changes_are_found_by_when_they_were_written(engine: Engine) -> None:
    clock = ManualClock()
    index = AlarmIndex(engine, clock)
    first, second = report_of(1), report_of(2)
    index.add(first.report_id, [received(first)])
    clock.advance(10)
    then = clock.now()
    index.add(second.report_id, [received(second)])
    assert numbers(index.changed_since(then)) == [2]
    clock.advance(10)
    index.add(first.report_id, [decided(first)])
    assert numbers(index.changed_since(then)) == [2, 1]


def test_writers_of_one_alarm_at_once_lose_nothing(index: AlarmIndex) -> None:
    report = report_of(1)
    actions = [action_on(report, number, "note", note=f"n{number}") for number in range(1, 33)]
    index.add(report.report_id, [received(report)])
    begin = threading.Barrier(8)

    def write(mine: int) -> None:
        begin.wait(30)
        for action in actions[mine::8]:
            index.add(report.report_id, [action])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    found = index.find(report.report_id)
    assert found is not None
    assert found.actions == 32
    assert {f"n{number}" for number in range(1, 33)} <= set(found.words.split())


def test_what_was_missed_is_found_by_gateway_camera_and_time(index: AlarmIndex) -> None:
    places = (("north", "yard", 1), ("north", "gate", 2), ("south", "yard", 3))
    threats = [
        THREAT.model_copy(
            update={"gateway": gateway, "camera": camera, "missed_at": AT + timedelta(hours=hour)}
        )
        for gateway, camera, hour in places
    ]
    for _ in range(2):
        index.missed.add(threats)
    assert index.missed.find() == tuple(reversed(threats))
    north, yard = GatewayId("north"), CameraId("yard")
    assert index.missed.find([north]) == (threats[1], threats[0])
    assert index.missed.find([north], yard) == (threats[0],)
    assert index.missed.find([]) == ()
    assert index.missed.find(since=AT + timedelta(hours=2), limit=1) == (threats[2],)
    noted = threats[0].model_copy(update={"note": "nul \x00 and more"})
    index.missed.replace({threats[1].id}, [noted])
    assert index.missed.find() == (threats[2], noted)
    assert index.missed.ids() == {
        north: frozenset({noted.id}),
        GatewayId("south"): frozenset({threats[2].id}),
    }


def test_a_page_end_is_what_a_page_ends_with(index: AlarmIndex) -> None:
    for number in range(3):
        report = report_of(number)
        index.add(report.report_id, [received(report)])
    page = index.page(AlarmFilter(), limit=2)
    last = page.alarms[-1]
    assert page.end == PageEnd(
        severity=last.severity, raised_at=last.raised_at, report_id=last.report_id
    )
