"""What a notice is to an alarm receiving centre: an event code, in both languages.

PURE. Who watches tells apart what the cloud confirmed (burglary) from what nobody could check (of
unknown type). What is on test is a test code and never an alarm. Sources: SIA DC-03 and DC-05,
tables of event codes. Called by `dc09`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloud.notify.notice import Notice

CodeName = Literal[
    "confirmed",
    "unconfirmed",
    "verified",
    "cancelled",
    "restored",
    "tamper",
    "tamper_restored",
    "camera_lost",
    "camera_back",
    "gateway_lost",
    "gateway_back",
    "on_test",
    "self_test",
]


@dataclass(frozen=True, slots=True)
class CodePair:
    """The same event as SIA DC-03 and as Contact ID have it; the latter with its qualifier."""

    sia: str
    contact_id: str


CODES: dict[CodeName, CodePair] = {
    "confirmed": CodePair("BA", "1130"),
    "unconfirmed": CodePair("UA", "1140"),
    "verified": CodePair("BV", "1139"),
    "cancelled": CodePair("BC", "1406"),
    "restored": CodePair("BR", "3130"),
    "tamper": CodePair("TA", "1144"),
    "tamper_restored": CodePair("TR", "3144"),
    "camera_lost": CodePair("UT", "1380"),
    "camera_back": CodePair("UJ", "3380"),
    "gateway_lost": CodePair("YC", "1350"),
    "gateway_back": CodePair("YK", "3350"),
    "on_test": CodePair("BX", "1611"),
    "self_test": CodePair("RP", "1602"),
}


def code_of(notice: Notice) -> CodeName | None:
    """The code for a notice; None where there is nothing to say, such as a picture."""
    if notice.kind == "test":
        return ("self_test" if notice.self_test else "on_test") if notice.stage == "first" else None
    over = notice.stage == "ended"
    if notice.kind == "tamper":
        return "tamper_restored" if over else "tamper"
    if notice.kind == "path" and notice.camera is not None:
        return "camera_back" if over else "camera_lost"
    if notice.kind == "path":
        return "gateway_back" if over else "gateway_lost"
    return _of_alarm(notice)


def _of_alarm(notice: Notice) -> CodeName | None:
    match notice.stage:
        case "first":
            return "confirmed" if notice.decision == "confirmed" else "unconfirmed"
        case "changed":
            return "verified" if notice.decision == "confirmed" else None
        case "refuted":
            return "cancelled"
        case "ended":
            return "restored"
        case "picture" | "digest":
            return None
