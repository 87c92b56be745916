"""The states of an update and what may follow on each, as a table; what a start makes of each.

PURE. One machine for every kind of update, from an order that was verified on: the next order has a
way of its own. Everything up to `built` happens beside what runs and
leaves it as it is; from `swapped` on the update is in force, though not for good until it is
`applied`. Persisted by `store`, driven by `updater`, at a start by `boot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

MOST_STARTS = 3
"""An update that is not applied for good after so many starts of the daemon is taken to end it."""


class UpdateStage(StrEnum):
    """Where an update is; `meaning` is for people."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> Self:
        state = str.__new__(cls, word)
        state._value_ = word
        state.meaning = meaning
        return state

    VERIFIED = "verified", "It is signed by whom we trust, for us, new and not expired."
    VALIDATED = "validated", "With it the configuration is valid."
    PLANNED = "planned", "It can be applied without a restart."
    IN_SHADOW = "in_shadow", "Recent frames are judged without it and with it."
    BUILT = "built", "What it needs stands beside what runs."
    SWAPPED = "swapped", "It is in force."
    IN_WINDOW = "in_window", "It is watched: does the gateway get worse?"
    APPLIED = "applied", "It is in force for good."
    ROLLED_BACK = "rolled_back", "What was in force before is in force again."
    REJECTED = "rejected", "It never had any effect."


TRANSITIONS: Mapping[UpdateStage, frozenset[UpdateStage]] = {
    UpdateStage.VERIFIED: frozenset((UpdateStage.VALIDATED, UpdateStage.REJECTED)),
    UpdateStage.VALIDATED: frozenset((UpdateStage.PLANNED, UpdateStage.REJECTED)),
    UpdateStage.PLANNED: frozenset((UpdateStage.IN_SHADOW, UpdateStage.REJECTED)),
    UpdateStage.IN_SHADOW: frozenset((UpdateStage.BUILT, UpdateStage.REJECTED)),
    UpdateStage.BUILT: frozenset((UpdateStage.SWAPPED, UpdateStage.REJECTED)),
    UpdateStage.SWAPPED: frozenset((UpdateStage.IN_WINDOW, UpdateStage.ROLLED_BACK)),
    UpdateStage.IN_WINDOW: frozenset((UpdateStage.APPLIED, UpdateStage.ROLLED_BACK)),
    # a model that was in force for good, and cannot be opened at a start
    UpdateStage.APPLIED: frozenset((UpdateStage.ROLLED_BACK,)),
    UpdateStage.ROLLED_BACK: frozenset(),
    UpdateStage.REJECTED: frozenset(),
}

ENDS = frozenset((UpdateStage.APPLIED, UpdateStage.ROLLED_BACK, UpdateStage.REJECTED))
IN_FORCE = frozenset((UpdateStage.SWAPPED, UpdateStage.IN_WINDOW, UpdateStage.APPLIED))
"""A start in one of these comes up with the update, in any other without."""


class ForbiddenTransition(Exception):
    """The table does not have it: a defect of ours."""


def advance(state: UpdateStage, to: UpdateStage) -> UpdateStage:
    """`to`, if the table lets it follow on `state`; raises `ForbiddenTransition`."""
    if to not in TRANSITIONS[state]:
        raise ForbiddenTransition(f"{state} is not followed by {to}")
    return to


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a start makes of an update that it finds: the state, and the reason if that ends it."""

    state: UpdateStage
    reason: str = ""


def at_start(state: UpdateStage, starts: int) -> Resumed:
    """`starts`: how many there were since it came, with this one.

    One that has not been swapped in is begun again from what was verified; one that is in force is
    watched again, from the beginning.
    """
    if state in ENDS:
        return Resumed(state)
    in_force = state in IN_FORCE
    if starts >= MOST_STARTS:
        reason = (
            f"started {starts} times without it being applied for good: the daemon ends soon after"
        )
        return Resumed(UpdateStage.ROLLED_BACK if in_force else UpdateStage.REJECTED, reason)
    return Resumed(UpdateStage.SWAPPED if in_force else UpdateStage.VERIFIED)
