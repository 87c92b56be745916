"""The log: shape of lines, limits on repeats, secrets, and where lines go."""

import io
import json
import os
from pathlib import Path

import pytest

from service import events
from service.events import Event, log
from tests.fakes import ManualClock, recorded_events


def test_a_line_is_json_with_time_level_event_and_fields() -> None:
    stream = io.StringIO()
    events.configure(sink=events.to_stream(stream), clock=ManualClock())
    log(Event.FRAME_REJECTED, camera="gate", reason="empty")
    events.configure()
    assert json.loads(stream.getvalue()) == {
        "ts": "2024-05-01T12:00:00.000Z",
        "level": "info",
        "event": "frame_rejected",
        "camera": "gate",
        "reason": "empty",
    }


def test_a_level_below_the_chosen_one_is_silent() -> None:
    lines: list[events.LogLine] = []
    events.configure(level="warning", sink=lines.append)
    log(Event.DAEMON_READY)
    log(Event.LINK_LOST, link="intake")
    events.configure()
    assert [line.event for line in lines] == [Event.LINK_LOST]


def test_repeats_are_limited_per_camera_and_counted_with_the_next_line() -> None:
    clock = ManualClock()
    with recorded_events(clock) as lines:
        for _ in range(20):
            log(Event.FRAME_REJECTED, camera="gate")
        log(Event.FRAME_REJECTED, camera="yard")
        clock.advance(61)
        log(Event.FRAME_REJECTED, camera="gate")
    of_gate = [line.fields for line in lines if line.fields["camera"] == "gate"]
    assert len(of_gate) == 6
    assert of_gate[-1]["suppressed"] == 15
    assert len(lines) == 7


def test_what_was_suppressed_and_never_came_again_is_said_by_flush() -> None:
    clock = ManualClock()
    with recorded_events(clock) as lines:
        for _ in range(7):
            log(Event.LINK_LOST, link="uplink")
        events.flush()
        assert len(lines) == 5
        clock.advance(61)
        events.flush()
        events.flush()
    assert lines[5].event == Event.EVENTS_SUPPRESSED
    assert lines[5].fields == {"of": "link_lost", "suppressed": 2, "about": "uplink"}
    assert len(lines) == 6


def test_events_that_do_not_repeat_by_themselves_are_never_limited() -> None:
    with recorded_events() as lines:
        for _ in range(20):
            log(Event.SUSPICION_RAISED, camera="gate")
    assert len(lines) == 20


def test_secrets_are_masked_and_file_names_of_secrets_are_not() -> None:
    with recorded_events() as lines:
        log(
            Event.CONFIG_APPLIED,
            password="a",  # noqa: S106, the point of the test
            api_token="b",  # noqa: S106
            password_file="/run/secrets/x",  # noqa: S106
            url="mqtts://user:geheim@host/x",
        )
    assert lines[0].fields == {
        "password": "[masked]",
        "api_token": "[masked]",
        "password_file": "/run/secrets/x",
        "url": "mqtts://[masked]@host/x",
    }


def test_half_a_character_in_a_strangers_name_silences_no_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("w", encoding="utf-8") as stream:
        events.configure(sink=events.to_stream(stream), clock=ManualClock())
        log(Event.FRAME_REJECTED, camera="gate", detail="\ud800")
        events.configure()
    assert json.loads(file.read_text())["detail"] == "\ud800"


def test_a_stream_that_is_gone_does_no_harm() -> None:
    stream = io.StringIO()
    stream.close()
    events.configure(sink=events.to_stream(stream))
    log(Event.DAEMON_READY)
    events.configure()


def test_the_journal_takes_fields_of_any_name_even_where_nobody_listens() -> None:
    pytest.importorskip("systemd.journal", reason="pip install systemd-python")
    send = events.to_journal()
    assert send is not None
    fields: dict[str, object] = {"message": "x", "event": 1, "priority": 2, "reasons": ("a", "b")}
    send(events.LogLine(at=ManualClock().now(), event=Event.DAEMON_READY, fields=fields))


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (["/opt/stillwatch/venv/bin/stillwatch-edge", "run"], "stillwatch-edge"),
        (["/opt/stillwatch/app/edge/__main__.py"], "stillwatch-edge"),
        (["/app/cloud/__main__.py"], "stillwatch-cloud"),
        ([""], "stillwatch-program"),
        ([], "stillwatch-program"),
    ],
)
def test_the_journal_calls_us_by_the_program_s_name(argv: list[str], name: str) -> None:
    assert events.identifier(argv) == name


def test_the_journal_is_chosen_only_if_it_is_this_very_stream(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        stat = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
        assert events.stderr_is_journal(named, stream.fileno())
        assert not events.stderr_is_journal({}, stream.fileno())
        other = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino + 1}"}
        assert not events.stderr_is_journal(other, stream.fileno())


def test_the_catalogue_is_a_noun_and_a_past_verb() -> None:
    assert all(event.value == event.name.lower() and "_" in event for event in Event)
