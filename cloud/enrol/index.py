"""The lines of OpenSSL's list of certificates (`index.txt`), read and written.

PURE. A line has six fields with tabs between: state (V good, R revoked), end, when it was revoked,
number, a file's name and the certificate's name. Called by `authority`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One certificate; `revoked_at` is None while it is not revoked. `serial` is hexadecimal."""

    name: str
    serial: str
    ends_at: datetime
    revoked_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.ends_at


def hexadecimal(serial: int) -> str:
    """As OpenSSL writes numbers: whole bytes."""
    text = f"{serial:X}"
    return text if len(text) % 2 == 0 else f"0{text}"


def line_of(one: Issued) -> str:
    """With its end of line."""
    revoked = "" if one.revoked_at is None else _stamp(one.revoked_at)
    state = "V" if one.revoked_at is None else "R"
    fields = (state, _stamp(one.ends_at), revoked, one.serial, "unknown", f"/CN={one.name}")
    return "\t".join(fields) + "\n"


def read_line(line: str) -> Issued:
    """Raises `ValueError`."""
    _state, ends, revoked, serial, _file, subject = line.split("\t")
    int(serial, 16)
    return Issued(
        name=subject.removeprefix("/CN="),
        serial=serial,
        ends_at=_moment(ends),
        revoked_at=_moment(revoked.partition(",")[0]) if revoked else None,
    )


_SHORT, _LONG = "%y%m%d%H%M%SZ", "%Y%m%d%H%M%SZ"
_LAST_SHORT_YEAR = 2049


def _stamp(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return utc.strftime(_SHORT if utc.year <= _LAST_SHORT_YEAR else _LONG)


def _moment(text: str) -> datetime:
    """ASN.1's UTCTime or GeneralizedTime."""
    if len(text) == len("YYMMDDHHMMSSZ"):
        century = "20" if int(text[:2]) < 50 else "19"
        text = century + text
    return datetime.strptime(text, _LONG).replace(tzinfo=UTC)
