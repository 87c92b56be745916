"""What an order would have changed: recent frames, judged by what runs and by what was ordered.

PURE. A gateway says it on `reported` and `rejected` (`contract.update_state`); an order may carry
limits for it (`contract.update`), and a roll-out holds the sum over a ring to the same
(`cloud/manage/rings`). Frames in which nothing was reported before say nothing of what is lost:
that is no evidence, and is never taken for any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

from contract.report import Wire
from contract.trust import Signed
from contract.values import Age, Count, Moment, Sentence, Word

MOST_EXAMPLES = 8


class ShadowOutcome(StrEnum):
    """Whether recent frames were judged."""

    REPLAYED = "replayed"
    NOTHING_TO_REPLAY = "nothing_to_replay"
    FAILED = "failed"


class DecisionExample(Wire):
    """One decision that would have been another."""

    camera: Word = Field(description="Whose picture it was.")
    at: Moment = Field(description="When it was received.")
    change: Literal["lost", "new", "changed"] = Field(description="What would become of it.")
    label: Word = Field(description="Class of the object.")
    rule: Word = Field(description="The rule that reports it, before or after.")
    why: Sentence = Field(description="The reasons of the side that does not report it.")


class ShadowResult(Wire):
    """Recent frames, judged without the order and with it."""

    outcome: Word = Field(
        description="`replayed`; `nothing_to_replay`: there were no frames; `failed`: see `detail`."
    )
    detail: Sentence = Field("", description="Why nothing or not everything was replayed.")
    frames: Count = Field(0, description="Frames that both sides judged.")
    cameras: Count = Field(0, description="Whose frames they were.")
    seconds: Age = Field(0.0, description="Of footage, all cameras together.")
    before: Count = Field(0, description="Suspicions without the order.")
    after: Count = Field(0, description="Suspicions with it.")
    lost: Count = Field(0, description="Raised without it, and not with it.")
    new: Count = Field(0, description="Raised with it alone.")
    changed: Count = Field(
        0, description="Raised by another rule, under another label or severity."
    )
    took_s: Age = Field(0.0, description="How long it took.")
    examples: Annotated[tuple[DecisionExample, ...], Field(max_length=64)] = Field(
        (), description="Some of the decisions that would have been others."
    )

    def words(self) -> str:
        """In a sentence."""
        if self.outcome != ShadowOutcome.REPLAYED:
            return f"{self.outcome.replace('_', ' ')}: {self.detail}".rstrip(": ")
        return (
            f"{self.frames} frames of {self.cameras} cameras, {self.seconds:.0f} s: it would have "
            f"changed {self.lost + self.new + self.changed} decisions ({self.lost} lost, "
            f"{self.new} new, {self.changed} changed); suspicions {self.before} -> {self.after}"
        )


class ReplayLimits(Signed):
    """What recent frames, judged with an order, may change; nothing named: anything."""

    max_lost_decisions_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of the suspicions raised without it that may be lost."
    )
    max_new_decisions_per_h: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        None, description="Suspicions raised with it alone, in an hour of footage."
    )
    accept_unreplayed: bool = Field(
        False, description="Whether it may go on where nothing could be replayed."
    )

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return (self.max_lost_decisions_share, self.max_new_decisions_per_h) != (None, None)

    def words(self) -> str:
        """For a person."""
        lost, new = self.max_lost_decisions_share, self.max_new_decisions_per_h
        parts = [] if lost is None else [f"{100 * lost:g} % of decisions lost"]
        parts += [] if new is None else [f"{new:g} new ones an hour"]
        parts += ["also where nothing was replayed"] if self.accept_unreplayed else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedDecisions:
    """Figures of one gateway or of several: `gateways` of them `replayed` anything."""

    gateways: int = 0
    replayed: int = 0
    frames: int = 0
    seconds: float = 0.0
    before: int = 0
    after: int = 0
    lost: int = 0
    new: int = 0

    @classmethod
    def of(cls, results: Iterable[ShadowResult | None]) -> Self:
        """Added up; None of a gateway that said nothing."""
        said = list(results)
        told = [one for one in said if one and one.outcome == ShadowOutcome.REPLAYED]
        return cls(
            gateways=len(said),
            replayed=len(told),
            frames=sum(one.frames for one in told),
            seconds=sum(one.seconds for one in told),
            before=sum(one.before for one in told),
            after=sum(one.after for one in told),
            lost=sum(one.lost for one in told),
            new=sum(one.new for one in told),
        )

    def words(self) -> str:
        """For the record."""
        return (
            f"{self.replayed} of {self.gateways} gateways replayed {self.frames} frames "
            f"({self.seconds:.0f} s): {self.lost} of {self.before} decisions lost, {self.new} new"
        )

    def beyond(self, limits: ReplayLimits) -> tuple[str, ...]:
        """Why they are outside the limits, with the figures; nothing if they are not."""
        if not limits.any:
            return ()
        no_evidence = self._no_evidence(limits)
        if no_evidence:
            return () if limits.accept_unreplayed else (no_evidence,)
        return tuple(
            one for one in (self._too_many_lost(limits), self._too_many_new(limits)) if one
        )

    def _no_evidence(self, limits: ReplayLimits) -> str:
        if not self.replayed or not self.frames:
            return "nothing was replayed, which says nothing for it"
        if limits.max_lost_decisions_share is not None and not self.before:
            return (
                f"{self.frames} frames were replayed and nothing had been reported in them, which "
                "says nothing of what would be lost"
            )
        return ""

    def _too_many_lost(self, limits: ReplayLimits) -> str:
        most = limits.max_lost_decisions_share
        if most is None or self.lost <= most * self.before:
            return ""
        share = 100 * self.lost / self.before
        return (
            f"{self.lost} of {self.before} replayed decisions would be lost ({share:.0f} %), over "
            f"{100 * most:g} %"
        )

    def _too_many_new(self, limits: ReplayLimits) -> str:
        most = limits.max_new_decisions_per_h
        hours = max(self.seconds, 1.0) / 3600
        if most is None or self.new <= most * hours:
            return ""
        return (
            f"{self.new} new decisions in {self.seconds:.0f} s of footage ({self.new / hours:.1f} "
            f"an hour), over {most:g} an hour"
        )
