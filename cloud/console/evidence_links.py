"""Links to stored pictures that are good for some minutes and need no sign-in.

PURE. A link names one key, so it opens one picture. Its end is
rounded up, so that the same picture keeps its address, and a browser its copy, for a while. Called
by `pictures` and by whoever shows a picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from cloud.console.tokens import is_signed, signature
from contract.keys import is_evidence_key, parse_evidence_key

_PURPOSE = "evidence"


def is_own(evidence_key: str, gateway: str) -> bool:
    """Whether a picture is of the gateway that names it: a report may name another's."""
    place = parse_evidence_key(evidence_key)
    return place is not None and place.gateway == gateway


@dataclass(frozen=True, slots=True)
class EvidenceLinks:
    """`key` signs; a link lasts `minutes` at least and twice that at most."""

    key: bytes = field(repr=False)
    minutes: float

    def link(self, evidence_key: str, now: datetime) -> str:
        """The path of a picture."""
        step_s = self.minutes * 60
        until = math.ceil(now.timestamp() / step_s) * step_s + step_s
        until_s = str(int(until))
        signed = signature(self.key, _PURPOSE, evidence_key, until_s)
        return f"/picture/{until_s}/{signed}/{evidence_key}"

    def is_good(self, evidence_key: str, until_s: int, signed: str, now: datetime) -> bool:
        """Whether the link is ours, is for evidence, and is not over."""
        ours = is_signed(self.key, signed, _PURPOSE, evidence_key, str(until_s))
        return ours and now.timestamp() < until_s and is_evidence_key(evidence_key)
