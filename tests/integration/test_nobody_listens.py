"""Reports that a broker takes and nobody subscribes to, for hours: in health, once in the log."""

from __future__ import annotations

from contract.ids import ReportId
from edge.daemon.health_checks import unheard
from edge.deliver.audience import Audience
from service.events import Event
from service.link import Link
from service.outcomes import Delivered
from tests import servers
from tests.fakes import ManualClock, recorded_events
from tests.links import PATIENCE_S, Inbox, running, settings

TOPIC = "audience/gw/yard/suspect"
LATE_S = 30.0
REPORT = ReportId("gw.yard.1.1.0")


def acknowledged(link: Link) -> str:
    """What the broker says of a report."""
    outcome = link.publish(TOPIC, b"report").wait(PATIENCE_S)
    assert isinstance(outcome, Delivered)
    return outcome.words


def test_a_day_without_a_worker_is_said_once_and_health_keeps_it_until_one_is_there(
    mosquitto: servers.Broker,
) -> None:
    clock = ManualClock()
    audience = Audience(clock)
    with running(settings(mosquitto, "gateway")) as link, recorded_events() as lines:
        assert link.wait_ready(PATIENCE_S)
        for _ in range(24):
            audience.note(REPORT, acknowledged(link))
            clock.advance(3600)
        (problem,) = unheard(audience.missing_s(), LATE_S)
        assert problem.reason == "nobody_listens"
        assert "for 86400 s the broker has said" in problem.detail
        assert [line.event for line in lines].count(Event.REPORT_UNHEARD) == 1
        with running(settings(mosquitto, "worker"), Inbox(), [TOPIC]) as worker:
            assert worker.wait_ready(PATIENCE_S)
            audience.note(REPORT, acknowledged(link))
        assert list(unheard(audience.missing_s(), LATE_S)) == []
        audience.note(REPORT, acknowledged(link))
        assert [line.event for line in lines].count(Event.REPORT_UNHEARD) == 2
