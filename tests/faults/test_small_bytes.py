"""A few bytes from a stranger, through real brokers to the real daemon and the real worker."""

from __future__ import annotations

import json

import psutil

from contract.cloudevent import frame_report, frame_verdict, read_report
from tests.contract.test_hostile_messages import VALUES, paths, replaced
from tests.faults.cameras import streets
from tests.faults.layout import Layout, raised, until
from tests.unit.imaging.pictures import chunk, png_header
from tests.verdicts import verdict_on

MOST_GROWTH_BYTES = 100_000_000
CLAIMING = png_header(640, 480) + b"\xff\xff\xff\x00IDAT"
EXIF = b"II*\0\x08\0\0\0\xff\xff" + b"\x0e\x01\x02\0\xe0\xc8\x10\0\x08\0\0\0" * 65_535
MANY_TEXTS = png_header(640, 480) + chunk(b"eXIf", EXIF + bytes(1_000_000)) + chunk(b"IDAT", b"")


def hostile(framed: bytes, most: int) -> list[bytes]:
    """Messages with a hostile value in some place, evenly chosen of all."""
    made = [replaced(framed, path, text) for path in paths(json.loads(framed)) for text in VALUES]
    return made[:: max(1, len(made) // most)]


def test_no_verdict_ends_the_daemon_and_the_true_one_counts(layout: Layout) -> None:
    with layout.ears(kept=True) as ears, layout.edge() as daemon:
        until(lambda: daemon.health().get("status") == "ok", what="healthy at both brokers")
        ears.site.publish(layout.topic("gate"), streets(1)[0])
        until(lambda: bool(ears.cloud.reports()), what="a report")
        report = ears.cloud.reports()[0]
        topic = f"{layout.root}/gw/{report.camera}/verdict"
        whole = {"score": 0.9, "severity": 3}
        true = frame_verdict(verdict_on(report).model_copy(update=whole))
        messages = [replaced(true, ("data", "label"), '"\\ud800"')]
        messages += [m for m in hostile(true, 300) if b'"confirmed"' not in m or m != true]
        for message in messages:
            ears.cloud.publish(topic, message)
        ears.cloud.publish(topic, true)
        until(lambda: bool(daemon.events("verdict_received")), what="a verdict that is one")
        assert daemon.process.poll() is None
        assert daemon.events("message_failed") == []
        assert daemon.events("verdict_refused")
    with layout.edge() as again:
        until(lambda: again.health().get("links") is not None, what="started again")
        assert again.events("message_failed") == []


def test_pictures_of_a_few_bytes_cost_no_memory_and_blind_nobody(layout: Layout) -> None:
    with layout.ears() as ears, layout.edge() as daemon:
        until(lambda: daemon.health().get("status") == "ok", what="healthy at both brokers")
        ears.site.publish(layout.topic("gate"), streets(1)[0])
        until(lambda: daemon.settled("gate", 1), what="a first picture")
        memory = psutil.Process(daemon.process.pid)
        before = memory.memory_info().rss
        for number in range(60):
            ears.site.publish(layout.topic(f"bad{number % 4}"), CLAIMING)
        for number in range(8):
            ears.site.publish(layout.topic(f"bad{number % 4}"), MANY_TEXTS)
        ears.site.publish(layout.topic("gate"), streets(2)[1])
        until(lambda: daemon.settled("gate", 2), what="a picture behind all those")
        assert daemon.frames("gate").get("rejected", 0) == 0
        assert memory.memory_info().rss - before < MOST_GROWTH_BYTES
        assert daemon.process.poll() is None


def test_no_report_ends_a_worker_and_the_true_one_is_decided(layout: Layout) -> None:
    with layout.ears() as ears, layout.workers() as (worker,), layout.edge() as daemon:
        until(lambda: daemon.health().get("status") == "ok", what="healthy at both brokers")
        ears.site.publish(layout.topic("gate"), streets(1)[0])
        until(lambda: ears.decided() == raised(daemon) != set(), what="a verdict")
        suspect = f"{layout.root}/gw/gate/suspect"
        framed = ears.cloud.on("gw/gate/suspect")[0]
        sent = [*hostile(framed, 150), b"", b"{}", b"\xff" * 60_000]
        for message in sent:
            ears.cloud.publish(suspect, message)
        report = read_report(framed)
        other = report.model_copy(update={"report_id": "gw.gate.1.2.3"})
        ears.cloud.publish(suspect, frame_report(other))
        until(
            lambda: any(v.report_id == "gw.gate.1.2.3" for v in ears.cloud.verdicts()),
            what="a verdict on the report behind all those",
        )
        assert worker.process.poll() is None
        assert worker.counted("malformed") > len(sent) // 3
        assert worker.counted("failed") == 0
