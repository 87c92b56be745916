"""An index that follows a broker, over a store and a database of its own, and what it holds."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, select

from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import open_index
from cloud.index.following import AlarmFollower, AlarmReader, IndexOutcome
from cloud.index.schema import AlarmRecordRow, AlarmRow
from cloud.index.summary import AlarmSummary
from cloud.keys import Keys, make_keys, open_keys
from cloud.settings import Settings
from cloud.verdicts.entry import on_report
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import frame_report, frame_verdict
from contract.report import ThreatReport
from contract.topics import Topics
from contract.verdict import Decision, Verdict
from objectstore.store_dir import DirectoryStore
from service.clock import Clock, SystemClock
from service.link import Link
from tests.alarms import given_up, report_of, verdict_on
from tests.links import running, settings, wait_until
from tests.servers import Broker

Message = tuple[str, bytes]
ROOTS = itertools.count()


@dataclass(frozen=True)
class Place:
    """A store, an index that follows, and what both are called in settings."""

    settings: Settings
    keys: Keys
    store: DirectoryStore
    alarms: AlarmStore
    engine: Engine
    index: AlarmIndex
    told: list[AlarmSummary]
    registry: CollectorRegistry
    follower: AlarmFollower
    link: Link

    def publish(self, *messages: Message) -> None:
        for topic, payload in messages:
            self.link.publish(topic, payload).wait(10)

    def counted(self, outcome: str) -> int:
        name, labels = "stillwatch_cloud_index_messages_total", {"outcome": outcome}
        return int(self.registry.get_sample_value(name, labels) or 0)

    def wait_for(self, count: int) -> None:
        wait_until(lambda: sum(map(self.counted, IndexOutcome)) == count, f"{count} messages")

    def topic(self, report: ThreatReport | Verdict, leaf: str) -> str:
        topics = Topics(gateway=report.gateway, root=self.settings.root)
        return topics.of_camera(report.camera, "suspect" if leaf == "suspect" else "verdict")

    def report(self, report: ThreatReport) -> Message:
        return self.topic(report, "suspect"), frame_report(report)

    def verdict(self, verdict: Verdict) -> Message:
        signer = self.keys.signer if verdict.decided_by == "cloud" else None
        return self.topic(verdict, "verdict"), frame_verdict(verdict, signer)

    def decide(self, report: ThreatReport, verdict: Verdict) -> Message:
        """As a worker does: stored first."""
        ledger = Ledger(self.store, self.keys.signer, self.keys.keyring)
        return self.verdict(ledger.decide(on_report(verdict, report), report))


@contextmanager
def following(
    broker: Broker, tmp_path: Path, url: str, objects: DirectoryStore, clock: Clock | None = None
) -> Iterator[Place]:
    key = tmp_path / "key.pem"
    if not key.exists():
        make_keys(key)
    root = f"index-{next(ROOTS)}"
    chosen = Settings.model_validate(
        {
            "broker": f"mqtt://{broker.host}:{broker.port}",
            "root": root,
            "signing_key": str(key),
            "index": {"url": url},
        }
    )
    keys, clock = open_keys(chosen), clock or SystemClock()
    alarms, engine = AlarmStore(objects, keys), open_index(url)
    index, told, registry = AlarmIndex(engine, clock), list[AlarmSummary](), CollectorRegistry()
    reader = AlarmReader(index, alarms, keys.keyring, root, clock, told.append)
    follower = AlarmFollower(chosen, reader, clock, registry)
    with running(settings(broker, f"publisher-{root}")) as link:
        follower.start()
        assert follower.wait_ready(20)
        assert link.wait_ready(20)
        yield Place(chosen, keys, objects, alarms, engine, index, told, registry, follower, link)
        follower.stop()
    engine.dispose()


def rows_of(engine: Engine) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Everything in the index but when it was written."""
    columns = [one for one in AlarmRow.__table__.columns if one.name != "written_at"]
    with engine.connect() as connection:
        alarms = connection.execute(select(*columns).order_by(AlarmRow.report_id))
        records = connection.execute(
            select(*AlarmRecordRow.__table__.columns).order_by(
                AlarmRecordRow.report_id, AlarmRecordRow.kind, AlarmRecordRow.number
            )
        )
        return [tuple(row) for row in alarms], [tuple(row) for row in records]


def a_nights_messages(place: Place) -> list[Message]:
    """Every kind of alarm, each message up to three times, in any order."""
    messages = []
    for number in range(24):
        gateway = ("north", "south-1", "south")[number % 3]
        report = report_of(number, gateway=gateway, severity=number % 4, test=number == 5)
        messages.append(place.report(report))
        if number % 4 == 0:
            grown = report_of(number, gateway=gateway, severity=number % 4, pictures=2)
            messages.append(place.report(grown))
        if number % 3 == 0:
            messages.append(place.verdict(given_up(report).verdict))
        if number % 2 == 0:
            decision: Decision = "confirmed" if number % 8 else "refuted"
            messages.append(place.decide(report, verdict_on(report, decision)))
    alone = report_of(99)
    messages.append(place.decide(alone, verdict_on(alone)))
    repeated = messages * 3
    random.Random(14).shuffle(repeated)
    return repeated
