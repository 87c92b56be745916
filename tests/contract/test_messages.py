"""Messages: what was ever written stays readable, and what comes from outside never surprises."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contract.cloudevent import (
    MessageError,
    frame_evidence_request,
    frame_operator_outcome,
    frame_report,
    frame_verdict,
    read_answer,
    read_report,
    read_verdict,
)
from contract.report import Sample, ThreatReport
from contract.verdict import Verdict
from tests.contract.samples import (
    AUDIT_REPORT,
    CROPS,
    EVIDENCE_REQUEST,
    LATE_REPORT,
    LATE_VERDICT,
    OPERATOR_OUTCOME,
    PARTLY_REPORT,
    PROFILED_REPORT,
    PROFILED_VERDICT,
    REPORT,
    RESTORABLE,
    RESTORE,
    TEST_REPORT,
    TEST_VERDICT,
    VERDICT,
)
from tools.build.schemas import FOLDER, MODELS, schema_text

GOLDEN = Path(__file__).parent / "golden"


def test_the_first_report_and_verdict_ever_sent_are_still_read() -> None:
    assert read_report((GOLDEN / "suspicion-v1.json").read_bytes()) == REPORT
    assert read_verdict((GOLDEN / "verdict-v1.json").read_bytes()) == VERDICT


def test_what_is_written_today_is_what_was_frozen() -> None:
    assert frame_report(REPORT) == (GOLDEN / "suspicion-v1.json").read_bytes()
    assert frame_verdict(VERDICT) == (GOLDEN / "verdict-v1.json").read_bytes()


def test_crops_that_know_their_place_are_written_and_read_as_frozen() -> None:
    golden = (GOLDEN / "suspicion-v1-crops.json").read_bytes()
    assert frame_report(CROPS) == golden
    assert read_report(golden) == CROPS


def test_a_question_is_written_and_read_as_frozen_and_is_no_verdict() -> None:
    golden = (GOLDEN / "evidence-request-v1.json").read_bytes()
    assert frame_evidence_request(EVIDENCE_REQUEST) == golden
    assert read_answer(golden) == EVIDENCE_REQUEST
    assert read_answer(frame_verdict(VERDICT)) == VERDICT
    with pytest.raises(MessageError, match="expected 'io\\.stillwatch\\.verdict"):
        read_verdict(golden)


def test_what_a_person_said_is_written_and_read_as_frozen_and_is_no_verdict() -> None:
    golden = (GOLDEN / "operator-outcome-v1.json").read_bytes()
    assert frame_operator_outcome(OPERATOR_OUTCOME) == golden
    assert read_answer(golden) == OPERATOR_OUTCOME
    with pytest.raises(MessageError, match="expected 'io\\.stillwatch\\.verdict"):
        read_verdict(golden)


def test_a_report_that_may_be_asked_about_says_so() -> None:
    open_report = REPORT.model_copy(update={"requests_left": 2})
    assert b'"requests_left":2' in frame_report(open_report)
    assert read_report(frame_report(open_report)) == open_report
    assert read_report(frame_report(REPORT)).requests_left == 0


def test_a_question_for_pictures_to_be_stored_again_is_written_and_read_as_frozen() -> None:
    report = (GOLDEN / "suspicion-v1-restorable.json").read_bytes()
    request = (GOLDEN / "evidence-request-v1-unreadable.json").read_bytes()
    assert (frame_report(RESTORABLE), frame_evidence_request(RESTORE)) == (report, request)
    assert (read_report(report), read_answer(request)) == (RESTORABLE, RESTORE)


def test_an_audit_says_how_it_was_drawn_and_is_written_and_read_as_frozen() -> None:
    golden = (GOLDEN / "suspicion-v1-audit.json").read_bytes()
    assert frame_report(AUDIT_REPORT) == golden
    assert read_report(golden) == AUDIT_REPORT
    assert read_report((GOLDEN / "suspicion-v1.json").read_bytes()).sample is None
    partly = (GOLDEN / "suspicion-v1-audit-partly.json").read_bytes()
    assert (frame_report(PARTLY_REPORT), read_report(partly)) == (partly, PARTLY_REPORT)
    newer = golden.replace(b'"kind":"motion"', b'"kind":"of a newer gateway"')
    assert read_report(newer).sample == Sample(kind="of a newer gateway", share=0.005)


def test_what_is_late_says_so_and_is_written_and_read_as_frozen() -> None:
    report = (GOLDEN / "suspicion-v1-late.json").read_bytes()
    verdict = (GOLDEN / "verdict-v1-late.json").read_bytes()
    assert (frame_report(LATE_REPORT), frame_verdict(LATE_VERDICT)) == (report, verdict)
    assert (read_report(report), read_verdict(verdict)) == (LATE_REPORT, LATE_VERDICT)


def test_the_profile_that_held_is_written_and_read_as_frozen_and_was_once_not_said() -> None:
    report, verdict = (
        (GOLDEN / name).read_bytes()
        for name in ("suspicion-v1-profile.json", "verdict-v1-profile.json")
    )
    assert (frame_report(PROFILED_REPORT), frame_verdict(PROFILED_VERDICT)) == (report, verdict)
    assert (read_report(report), read_verdict(verdict)) == (PROFILED_REPORT, PROFILED_VERDICT)
    assert read_report((GOLDEN / "suspicion-v1-crops.json").read_bytes()).profile is None
    assert read_verdict((GOLDEN / "verdict-v1.json").read_bytes()).profile is None


@pytest.mark.parametrize(
    "hostile", ['""', '"away\\n"', '"Away"', '"../x"', f'"{"a" * 65}"', "7", '["away"]']
)
def test_a_profile_that_is_no_name_is_refused(hostile: str) -> None:
    for framed, read in (
        (frame_report(PROFILED_REPORT), read_report),
        (frame_verdict(PROFILED_VERDICT), read_verdict),
    ):
        with pytest.raises(MessageError, match="profile"):
            read(framed.replace(b'"away"', hostile.encode()))


def test_a_self_test_is_written_and_read_as_frozen() -> None:
    report, verdict = (
        (GOLDEN / name).read_bytes() for name in ("suspicion-v1-test.json", "verdict-v1-test.json")
    )
    assert (frame_report(TEST_REPORT), frame_verdict(TEST_VERDICT)) == (report, verdict)
    assert (read_report(report), read_verdict(verdict)) == (TEST_REPORT, TEST_VERDICT)


def test_the_mark_of_a_self_test_is_an_attribute_of_the_event_and_else_left_away() -> None:
    for test, real in (
        (frame_report(TEST_REPORT), frame_report(CROPS)),
        (frame_verdict(TEST_VERDICT), frame_verdict(VERDICT)),
    ):
        assert (json.loads(test)["test"], json.loads(test)["data"]["test"]) == (True, True)
        assert b'"test"' not in real
        assert b'"handled"' not in real


def test_a_report_is_a_structured_cloudevent() -> None:
    event = json.loads(frame_report(REPORT))
    assert event["specversion"] == "1.0"
    assert event["id"] == "north.gate.17.42.1"
    assert event["source"] == "/gateways/north/cameras/gate"
    assert event["type"] == "io.stillwatch.suspicion.v1"
    assert event["time"] == "2026-03-29T01:59:59.250Z"
    assert (event["severity"], event["clocksync"], event["sequence"]) == (2, False, "1")


def test_unknown_fields_of_a_newer_writer_are_ignored() -> None:
    event = json.loads(frame_report(REPORT))
    event["data"]["of_tomorrow"] = {"deep": 1}
    event["extension"] = "x"
    assert read_report(json.dumps(event).encode()) == REPORT


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("data", "box"), [0.5, 0.2, 0.3, 0.9], "not ordered shares"),
        (("data", "gateway"), "../etc", "is not 1 to 64 of"),
        (("data", "report_id"), "a/b", "report id 'a/b'"),
        (("data", "evidence"), [], "at least 1 item"),
        (("data", "severity"), 9, "less than or equal to 4"),
        (("type",), "other", "expected 'io.stillwatch.suspicion.v1'"),
    ],
)
def test_a_wrong_field_is_named(path: tuple[str, ...], value: object, words: str) -> None:
    event = json.loads(frame_report(REPORT))
    target = event
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    with pytest.raises(MessageError, match=words):
        read_report(json.dumps(event).encode())


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_make_a_reader_fail_otherwise_than_with_a_message_error(payload: bytes) -> None:
    for read in (read_report, read_verdict, read_answer):
        with pytest.raises(MessageError):
            read(payload)


def test_nested_json_and_oversize_are_refused() -> None:
    with pytest.raises(MessageError):
        read_report(b"[" * 60_000)
    with pytest.raises(MessageError, match="over 65536"):
        read_report(b" " * 70_000)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_published_schemas_are_fresh(name: str) -> None:
    published = (FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(MODELS[name]), "run make docs"


@pytest.mark.parametrize("message", [REPORT, VERDICT], ids=["report", "verdict"])
def test_messages_satisfy_their_published_schema(message: ThreatReport | Verdict) -> None:
    schema = type(message).model_json_schema()
    Draft202012Validator(schema).validate(message.model_dump(mode="json"))
