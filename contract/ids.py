"""Identifiers and their grammar.

PURE. An id goes into MQTT topics, object keys and file names unescaped, so its alphabet is small.
Called by both sides wherever an id enters from outside.
"""

import re
import unicodedata
from typing import NewType

GatewayId = NewType("GatewayId", str)
CameraId = NewType("CameraId", str)
ReportId = NewType("ReportId", str)

_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_GIVEN = re.compile(r"[ !\"$-*,-~\u00c0-\u024f]{1,200}")
"""Printable ASCII without `+` and `#`, and Latin letters with accents."""
_REPORT = re.compile(r"[a-z0-9_-]{1,64}\.[a-z0-9_-]{1,64}\.[0-9]{1,10}\.[0-9]{1,10}\.[0-9]{1,10}")


def is_name(text: str) -> bool:
    """Whether `text` can be a gateway or camera id: 1 to 64 of `a-z 0-9 _ -`."""
    return _NAME.fullmatch(text) is not None


def id_of(name: str) -> str | None:
    """The id of something that others named: lower case, without accents, `_` for each run of
    other characters, so `Front Door` is `front_door`; None if nothing is left, or too much, or for
    what looks like another name than it is: control characters, full-width or reversed letters."""
    if is_name(name):
        return name
    if _GIVEN.fullmatch(name) is None:
        return None
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9_-]+", "_", plain).strip("_")
    return text if is_name(text) else None


def is_report_id(text: str) -> bool:
    """Whether `text` has the shape that `report_id` makes."""
    return _REPORT.fullmatch(text) is not None


def track_of(report: ReportId) -> tuple[int, int]:
    """Epoch and track number in a report id."""
    epoch, track = report.split(".")[2:4]
    return int(epoch), int(track)


def report_id(
    gateway: GatewayId, camera: CameraId, epoch: int, track: int, sequence: int
) -> ReportId:
    """The same suspicion always gets the same id, so every retry is idempotent end to end.

    `epoch` counts starts of the gateway's trackers (durable), `track` is the tracker's number
    within the epoch, `sequence` numbers the suspicions of that track from 0.
    """
    return ReportId(f"{gateway}.{camera}.{epoch}.{track}.{sequence}")


def picture_id(
    gateway: GatewayId, camera: CameraId, sha256: str, message: int, time: int, number: int
) -> ReportId:
    """The id of the `number`th suspicion in a picture that may be delivered twice.

    The picture's digest (hex) stands where others have epoch and track. A broker delivers again
    under the same `message` id, 1 to 65535; `time`, below 1000, tells the same bytes apart when
    that id comes round.
    """
    epoch, track = int(sha256[:8], 16), int(sha256[8:16], 16)
    return report_id(gateway, camera, epoch, track, (message * 1000 + time) * 100 + number)
