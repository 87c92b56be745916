"""What passes a reader can be stored, moved to another zone and written again; the rest is refused
with words, whatever it is."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import ijson
from contract.cloudevent import (
    MessageError,
    frame_evidence_request,
    frame_report,
    frame_verdict,
    read_evidence_request,
    read_report,
    read_verdict,
)
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.verdict import Verdict
from tests.contract.samples import (
    EVIDENCE_REQUEST,
    PROFILED_REPORT,
    PROFILED_VERDICT,
    VERDICT,
)

HALF = '"\\ud800"'
OF_YEAR_0 = '"0001-01-01T00:00:00+23:59"'
OF_YEAR_10000 = '"9999-12-31T23:59:59-23:59"'
LONG = json.dumps("x" * 5_000)
VALUES = (
    *(HALF, '"\\udc00\\ud800"', OF_YEAR_0, OF_YEAR_10000, "NaN", "Infinity", "-Infinity"),
    *("1e999", "-1e999", "1e308", "9" * 400, "-" + "9" * 5_000, "9223372036854775808", "1e18"),
    *("null", "true", "[]", "{}", '""', "-1", "0.5", '"NaN"', '"inf"', "[" * 500 + "]" * 500),
    *(LONG, f"[{','.join([LONG] * 8)}]", json.dumps(["a"] * 5_000), '{"a":1,"a":2}', '"\\u0000"'),
)


def paths(document: object, found: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Of every value in `document`."""
    inner: list[tuple[Any, object]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    if isinstance(document, list):
        inner = list(enumerate(document))
    return [found, *(path for key, one in inner for path in paths(one, (*found, key)))]


def replaced(framed: bytes, path: tuple[str | int, ...], text: str) -> bytes:
    """The message with the value at `path` spelled as `text`."""
    mark = "the value that is replaced"
    event = {"": json.loads(framed)}
    target: Any = event
    for step in ("", *path)[:-1]:
        target = target[step]
    target[("", *path)[-1]] = mark
    return json.dumps(event[""]).replace(json.dumps(mark), text).encode()


def check_report(payload: bytes) -> None:
    report = read_report(payload)
    assert ThreatReport.model_validate_json(report.model_dump_json()) == report
    assert report.raised_at.astimezone(UTC).isoformat()
    assert read_report(frame_report(report)) == report


def check_verdict(payload: bytes) -> None:
    verdict = read_verdict(payload)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
    assert read_verdict(frame_verdict(verdict)) == verdict


def check_evidence_request(payload: bytes) -> None:
    more = read_evidence_request(payload)
    assert EvidenceRequest.model_validate_json(more.model_dump_json()) == more
    assert read_evidence_request(frame_evidence_request(more)) == more


KINDS = {
    "report": (frame_report(PROFILED_REPORT), check_report),
    "verdict": (frame_verdict(PROFILED_VERDICT), check_verdict),
    "more": (frame_evidence_request(EVIDENCE_REQUEST), check_evidence_request),
}


@pytest.mark.parametrize(("framed", "check"), KINDS.values(), ids=KINDS.keys())
def test_a_hostile_value_anywhere_is_refused_or_harmless(
    framed: bytes, check: Callable[[bytes], None]
) -> None:
    for path in paths(json.loads(framed)):
        for text in VALUES:
            with contextlib.suppress(MessageError):
                check(replaced(framed, path, text))


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (("data", "label"), HALF, "half a character"),
        (("data", "reasons"), f"[{HALF}]", "half a character"),
        (("data", "decided_at"), OF_YEAR_0, "outside the years"),
        (("data", "decided_at"), OF_YEAR_10000, "outside the years"),
        (("data", "score"), "Infinity", "no JSON"),
        (("data", "score"), "NaN", "no JSON"),
        (("data", "sightings", 0, "score"), "1e999", "no number"),
        (("data", "severity"), "9223372036854775808", "64 bits"),
        (("data", "label"), LONG, "at most 512"),
        (("data",), '{"a":1,"a":2}', "same key twice"),
        (("of_tomorrow",), HALF, "half a character"),
    ],
)
def test_a_hostile_verdict_is_refused_in_words(
    path: tuple[str | int, ...], text: str, words: str
) -> None:
    with pytest.raises(MessageError, match=words):
        read_verdict(replaced(frame_verdict(VERDICT), path, text))


def test_the_words_of_a_refusal_are_short_whatever_was_sent() -> None:
    for path in paths(json.loads(frame_verdict(VERDICT))):
        with contextlib.suppress(MessageError):
            read_verdict(replaced(frame_verdict(VERDICT), path, LONG))
            continue
        with pytest.raises(MessageError) as refused:
            read_verdict(replaced(frame_verdict(VERDICT), path, LONG))
        assert len(str(refused.value)) <= 500


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_only_utf_8_is_read(encoding: str) -> None:
    with pytest.raises(MessageError):
        read_verdict(frame_verdict(VERDICT).decode().encode(encoding))


def test_raw_bytes_of_half_a_character_are_refused() -> None:
    with pytest.raises(MessageError):
        read_verdict(frame_verdict(VERDICT).replace(b"person", b"\xed\xa0\x80"))


def test_a_score_that_rounding_put_beyond_one_is_one() -> None:
    framed = replaced(frame_report(PROFILED_REPORT), ("data", "scores", "top"), "1.0000001")
    assert read_report(framed).scores.top == 1.0


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_no_bytes_make_the_parser_raise_anything_but_a_value_error(payload: bytes) -> None:
    with contextlib.suppress(ValueError):
        ijson.parse(payload)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_what_can_be_written_is_parsed_alike(document: object) -> None:
    assert ijson.parse(json.dumps(document).encode()) == document
    assert ijson.parse(json.dumps(document, ensure_ascii=False).encode()) == document
