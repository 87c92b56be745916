"""The index follows a real broker, and one that is made again from the store has the same rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.index.alarm_index import AlarmIndex
from cloud.index.database import open_index
from cloud.index.desk import AlarmDesk, ProposedAction
from cloud.index.queries import AlarmFilter
from cloud.index.rebuilding import Rebuilding
from cloud.index.summary import AlarmSummary
from cloud.index.telling import OutcomeTeller
from contract.cloudevent import frame_evidence_request, frame_report, frame_verdict, read_answer
from contract.ids import GatewayId
from contract.operator_action import ActionKind
from contract.operator_outcome import OperatorOutcome
from contract.signature import new_signer
from objectstore.inventory import DirectoryInventory
from objectstore.store import Put, TransientStoreError
from objectstore.store_dir import DirectoryStore
from service.clock import SystemClock
from service.events import Event
from service.outcomes import Delivered
from tests import databases
from tests.alarms import action_on, given_up, report_of, verdict_on
from tests.contract.samples import EVIDENCE_REQUEST
from tests.fakes import ManualClock, recorded_events
from tests.integration.followed_index import a_nights_messages, following, rows_of
from tests.links import Inbox, running, settings
from tests.servers import Broker


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty databases of one kind."""
    return databases.new_database(request, tmp_path), databases.new_database(request, tmp_path)


def test_the_index_that_followed_has_the_rows_of_one_that_is_made_again(
    mosquitto: Broker, tmp_path: Path, urls: tuple[str, str]
) -> None:
    with following(mosquitto, tmp_path, urls[0], DirectoryStore(tmp_path / "store")) as place:
        messages = a_nights_messages(place)
        place.publish(*messages)
        place.wait_for(len(messages))
        desk = AlarmDesk(place.index, place.alarms, SystemClock())
        first = report_of(1, gateway="south-1").report_id
        kinds: tuple[ActionKind, ...] = ("claim", "note", "outcome")
        for seen, kind in enumerate(kinds):
            proposed = ProposedAction(
                report_id=first, kind=kind, by="ann", seen=seen, note="a fox", outcome="false"
            )
            assert isinstance(desk.act(proposed), AlarmSummary)
        live = rows_of(place.engine)
    assert len(live[0]) == 25
    again = open_index(urls[1])
    inventory = DirectoryInventory(tmp_path / "store")
    rebuilding = Rebuilding(AlarmIndex(again, SystemClock()), place.alarms, inventory)
    assert rebuilding.run(whole=True).alarms == 25
    assert rows_of(again) == live
    assert rebuilding.run(whole=False).read == 0
    again.dispose()


def test_what_came_while_nobody_followed_is_brought_in_and_what_was_removed_goes(
    mosquitto: Broker, tmp_path: Path, urls: tuple[str, str]
) -> None:
    with following(mosquitto, tmp_path, urls[0], DirectoryStore(tmp_path / "store")) as place:
        gone, kept, later = report_of(1), report_of(2), report_of(3)
        place.publish(place.report(gone), place.report(kept))
        place.wait_for(2)
        place.decide(kept, verdict_on(kept))  # stored, and nobody hears of it
        place.decide(later, verdict_on(later))
        inventory = DirectoryInventory(tmp_path / "store")
        for listed in list(inventory.list(f"alarms/north/{gone.report_id}/")):
            inventory.remove(listed.key)
        counts = Rebuilding(place.index, place.alarms, inventory).run(whole=False)
        assert (counts.alarms, counts.read, counts.removed) == (2, 2, 1)
        states = {one.report_id: one.state for one in place.index.page(AlarmFilter()).alarms}
        assert states == {kept.report_id: "confirmed", later.report_id: "confirmed"}


def test_hostile_messages_change_nothing_and_are_counted_by_their_reason(
    mosquitto: Broker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    with following(mosquitto, tmp_path, url, DirectoryStore(tmp_path / "store")) as place:
        report, other = report_of(1), report_of(2, camera="yard")
        forged = frame_verdict(verdict_on(report), new_signer())
        decided = json.loads(frame_verdict(given_up(report).verdict))
        decided["data"]["decision"] = decided["subject"] = "confirmed"
        unstored = place.verdict(verdict_on(report))
        place.publish(
            (place.topic(report, "suspect"), b"\x00\xff no JSON"),
            (place.topic(report, "suspect"), b"{" * 50_000),
            (place.topic(report, "suspect"), b""),
            (place.topic(report, "suspect"), frame_verdict(verdict_on(report))),
            (place.topic(other, "suspect"), frame_report(report)),
            (place.topic(other, "verdict"), frame_verdict(verdict_on(report))),
            (place.topic(report, "verdict"), forged),
            (place.topic(report, "verdict"), frame_verdict(verdict_on(report))),
            (place.topic(report, "verdict"), json.dumps(decided).encode()),
            unstored,
            (place.topic(report, "verdict"), frame_evidence_request(EVIDENCE_REQUEST)),
        )
        place.wait_for(11)
        counted = {name: place.counted(name) for name in ("malformed", "other_topic", "untrusted")}
        assert counted == {"malformed": 5, "other_topic": 2, "untrusted": 2}
        assert (place.counted("not_stored"), place.counted("other")) == (1, 1)
        assert place.index.page(AlarmFilter()).alarms == ()
        assert list(DirectoryInventory(tmp_path / "store").list("alarms/")) == []


class Flaky(DirectoryStore):
    """Takes nothing until it was asked so often."""

    refusals = 3

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        self.refusals -= 1
        if self.refusals >= 0:
            raise TransientStoreError(f"cannot write {key} now")
        return super().put_if_absent(key, body, content_type)


def test_a_store_that_is_away_is_waited_for_and_the_order_is_kept(
    mosquitto: Broker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    with (
        recorded_events() as lines,
        following(mosquitto, tmp_path, url, Flaky(tmp_path / "store"), ManualClock()) as place,
    ):
        reports = [report_of(number) for number in range(5)]
        place.publish(*map(place.report, reports))
        place.wait_for(5)
        assert [one.report_id for one in place.told] == [one.report_id for one in reports]
        assert [line.event for line in lines].count(Event.INDEX_DELAYED) == 3
        assert place.follower.trouble == ""


def test_a_gateway_is_told_what_a_person_made_of_its_alarm(
    mosquitto: Broker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    with following(mosquitto, tmp_path, url, DirectoryStore(tmp_path / "store")) as place:
        report, inbox = report_of(1), Inbox()
        place.publish(place.report(report))
        place.wait_for(1)
        alarm = place.index.find(report.report_id)
        assert alarm is not None
        teller = OutcomeTeller(place.link, place.settings.root, place.keys.signer)
        topic = place.topic(report, "verdict")
        with running(settings(mosquitto, "gateway"), inbox, [topic]) as gateway:
            assert gateway.wait_ready(20)
            closed = action_on(report, 1, "outcome", outcome="false")
            assert isinstance(teller.tell(alarm, closed), Delivered)
            told = read_answer(inbox.next().payload, place.keys.keyring)
        assert isinstance(told, OperatorOutcome)
        assert (told.report_id, told.outcome) == (report.report_id, "false")
        assert teller.tell(alarm, action_on(report, 2, "claim")) is None
        place.wait_for(2)
        assert place.counted("other") == 1


def test_a_database_in_which_somebody_else_writes_is_waited_for(
    mosquitto: Broker, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/index.sqlite"
    with following(mosquitto, tmp_path, url, DirectoryStore(tmp_path / "store")) as place:
        with place.engine.connect() as holding:
            holding.exec_driver_sql("COMMIT")
            holding.exec_driver_sql("BEGIN IMMEDIATE")  # nobody else may write
            for number in range(5):
                place.publish(place.report(report_of(number)))
            assert place.counted("report") == 0
            holding.exec_driver_sql("ROLLBACK")
        place.wait_for(5)
        assert len(place.index.page(AlarmFilter()).alarms) == 5
        assert [one.report_id for one in place.told] == [
            report_of(number).report_id for number in range(5)
        ]


def test_the_command_makes_an_index_from_a_store(
    mosquitto: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/live.sqlite"
    with following(mosquitto, tmp_path, url, DirectoryStore(tmp_path / "store")) as place:
        place.publish(place.report(report_of(1)), place.report(report_of(2)))
        place.wait_for(2)
        live = rows_of(place.engine)
    file = tmp_path / "settings.yaml"
    file.write_text(json.dumps({"index": {"url": f"sqlite:///{tmp_path}/again.sqlite"}}))
    words = ["reindex", "--store", f"dir:{tmp_path}/store", "--settings", str(file)]
    words += ["--signing-key", str(tmp_path / "key.pem")]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "alarms": 2,
        "read": 2,
        "removed": 0,
        "missed": 0,
    }
    engine = open_index(f"sqlite:///{tmp_path}/again.sqlite")
    assert rows_of(engine) == live
    engine.dispose()
    file.write_text(json.dumps({"index": {"url": "mysql://somewhere/index"}}))
    assert main(words) == 78
    assert "use sqlite" in capsys.readouterr().err


def test_gateways_whose_names_begin_alike_are_told_apart(tmp_path: Path) -> None:
    engine = open_index(f"sqlite:///{tmp_path}/index.sqlite")
    index = AlarmIndex(engine, SystemClock())
    for gateway in ("south", "south-1", "south_1"):
        report = report_of(1, gateway=gateway)
        index.add(report.report_id, [given_up(report)])
        assert list(index.places(GatewayId(gateway))) == [report.report_id]
    engine.dispose()
