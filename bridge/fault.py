"""Why a camera gives no pictures: a reason from a short list, and words.

PURE. Raised by sources; the worker says it on the camera's `health` and tries again.
"""

from __future__ import annotations

from enum import StrEnum


class FaultReason(StrEnum):
    """What an operator can act on, one word each."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    STALLED = "stalled"
    ENDED = "ended"
    NO_VIDEO = "no_video"
    UNUSABLE = "unusable"
    SECRET = "secret_unreadable"  # noqa: S105, a word for a file that cannot be read
    DEFECT = "defect"


MAX_WORDS = 200
"""Characters of a camera's own words that are quoted."""
MAX_DETAIL = 400


class SourceFault(Exception):
    """The source gives nothing now; `detail` never holds a URL with its password. It may hold a
    camera's own words, so it is made fit for a terminal and short."""

    def __init__(self, reason: FaultReason, detail: str) -> None:
        self.reason = reason
        self.detail = printable(detail, MAX_DETAIL)
        super().__init__(f"{reason}: {self.detail}")


def printable(value: object, most: int = MAX_WORDS) -> str:
    """A camera's words, fit for a terminal; at most `most` characters."""
    text = "".join(sign if sign.isprintable() else "?" for sign in str(value)[: 2 * most])
    return text[:most].strip()
