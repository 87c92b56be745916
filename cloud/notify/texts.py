"""What a notice says to people: a title of one line and a text of a few.

PURE. Plain English; times are the site's own. What a person need not act on is said first: that it
is a test, or that it was refuted. Called by the destinations that people read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from cloud.notify.notice import Notice
from contract.verdict import Decision
from service.weekly_hours import time_zone

_DECIDED: dict[Decision, str] = {
    "confirmed": "confirmed",
    "refuted": "refuted: no threat",
    "unconfirmed": "UNCONFIRMED",
    "inconclusive": "UNCONFIRMED (pictures unreadable)",
}
_MEANING: dict[Decision, str] = {
    "confirmed": "The second network sees it too.",
    "refuted": "The second network does not see it: nobody has to act.",
    "unconfirmed": "The cloud did not answer in time: nobody has checked this alarm yet.",
    "inconclusive": "The pictures could not be read: nobody could check this alarm.",
}
MAX_TITLE = 120


def title(notice: Notice) -> str:
    """One line, the most important word first."""
    return one_line(_title(notice))[:MAX_TITLE]


def one_line(words: str) -> str:
    """Without what begins another line or is not to be seen: much of it is a gateway's word."""
    return "".join(one if one.isprintable() else " " for one in words)


def header_words(words: str) -> str:
    """The same, and nothing in it is read as an encoded word (RFC 2047): decoded, that could be
    anything, a line end and a header of its own too."""
    return one_line(words).replace("=?", "= ?")


def _title(notice: Notice) -> str:
    place = _place(notice)
    match notice.kind:
        case "alarm":
            return _alarm_title(notice, place)
        case "test":
            what = "Self-test" if notice.self_test else "ON TEST"
            return f"{what}: {_thing(notice)} at {place}"
        case "tamper":
            over = " is over" if notice.stage == "ended" else ""
            return f"Tamper{over}: camera {place} is {notice.label}"
        case "path":
            who = "Camera" if notice.camera else "Gateway"
            state = "is back" if notice.stage == "ended" else f"is {notice.label}"
            return f"{who} {state}: {place}"
        case _:
            assert_never(notice.kind)


def _alarm_title(notice: Notice, place: str) -> str:
    thing = _thing(notice)
    match notice.stage:
        case "refuted":
            return f"Refuted: {thing} at {place} was no threat"
        case "ended":
            return f"Ended: {thing} at {place}"
        case "digest":
            return f"{notice.count} alarms at {notice.place}"
        case "changed":
            return f"Now {_DECIDED[notice.decision or 'unconfirmed']}: {thing} at {place}"
        case "picture" | "first":
            return f"{thing} at {place}: {_DECIDED[notice.decision or 'unconfirmed']}"
        case _:
            assert_never(notice.stage)


def text(notice: Notice) -> str:
    """Some lines, without the title."""
    return "\n".join(map(one_line, _lines(notice)))


def _lines(notice: Notice) -> Iterator[str]:
    if notice.kind == "test":
        yield "This is a test. Nobody has to act."
    if notice.stage == "digest":
        yield from notice.lines
        if notice.count > len(notice.lines):
            yield f"and {notice.count - len(notice.lines)} more"
        return
    if notice.kind in ("alarm", "test") and notice.decision is not None:
        yield _MEANING[notice.decision]
    yield f"When: {_when(notice)}"
    yield f"Where: {_place(notice)}{_zones(notice)}"
    if notice.kind in ("alarm", "test"):
        yield f"Severity: {notice.severity} of 4"
        if notice.profile is not None:
            yield f"Profile: {notice.profile}"
    for words in notice.why:
        yield f"Raised because: {words}"
    for words in notice.decided:
        yield f"Decided because: {words}"
    yield f"Id: {notice.about}"


def line(notice: Notice) -> str:
    """A notice as one line of a digest."""
    return f"{_when(notice)} {_title(notice)}"[:MAX_TITLE]


def _when(notice: Notice) -> str:
    local = notice.at.astimezone(time_zone(notice.time_zone))
    return f"{local:%Y-%m-%d %H:%M:%S} {notice.time_zone}"


def _place(notice: Notice) -> str:
    where = notice.place or notice.site
    return f"{notice.camera} ({where})" if notice.camera else where


def _thing(notice: Notice) -> str:
    return (notice.label or "something").capitalize()


def _zones(notice: Notice) -> str:
    return f", zone {', '.join(notice.zones)}" if notice.zones else ""
