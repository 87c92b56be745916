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


class SourceFault(Exception):
    """The source gives nothing now; `detail` never holds a URL with its password."""

    def __init__(self, reason: FaultReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
