"""A notice: what one destination is told at one stage of an alarm or fault.

PURE. It holds everything that its message says, so the same notice makes the same message at every
try and after a crash. Its `key` is the same too, and is what receivers tell a repetition by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from contract.report import CameraName, GatewayName, ProfileName, Severity, Wire
from contract.values import Count, Moment, Sentences, Word, Words
from contract.verdict import Decision

Kind = Literal["alarm", "tamper", "path", "test"]
Stage = Literal["first", "picture", "changed", "refuted", "ended", "digest"]

MAX_DIGEST_LINES = 50


class Notice(Wire):
    """`about` is the alarm's report id, or names the fault; `event` what belongs together."""

    about: Word
    stage: Stage = "first"
    revision: Count = 0
    kind: Kind = "alarm"
    event: Word
    site: Word
    place: Word = ""
    time_zone: Word = "UTC"
    gateway: GatewayName
    camera: CameraName | None = None
    label: Word = ""
    severity: Severity = 0
    profile: ProfileName | None = None
    decision: Decision | None = None
    before: Decision | None = None
    self_test: bool = False
    at: Moment
    why: Sentences = ()
    decided: Sentences = ()
    zones: Words = ()
    evidence_key: Word | None = None
    lines: Annotated[tuple[Word, ...], Field(max_length=MAX_DIGEST_LINES)] = ()
    count: Count = 1

    @property
    def key(self) -> str:
        """Its id for whoever receives it; the same at every try."""
        return f"{self.about}/{self.stage}{f'-{self.revision}' if self.revision else ''}"

    @property
    def on_test(self) -> bool:
        """Whether nobody has to act on it."""
        return self.kind == "test"

    def at_stage(self, stage: Stage, **changes: object) -> Notice:
        """The same at another stage."""
        facts: Mapping[str, object] = {"stage": stage, **changes}
        return self.model_copy(update=facts)
