"""An entry that every broker takes, however many ways a site found to be refused.

PURE. What is left out first is which spans a camera was unseen, their sum stays; then the reasons
of rejected frames, their number stays. Called by `recorder`.
"""

from __future__ import annotations

from collections.abc import Callable

from contract.ids import CameraId
from contract.signature import Signer
from contract.watch import MAX_WATCH_BYTES, SealedEntry, WatchedCamera, WatchEntry, seal_entry

OTHER_REASONS = "other"
"""Stands for all reasons where there is no room for each."""


def seal_within(
    entry: WatchEntry, signer: Signer, most_bytes: int = MAX_WATCH_BYTES
) -> SealedEntry:
    """The entry, signed, with as much as there is room for."""
    sealed = seal_entry(entry, signer)
    for shorten in (_without_spans, _without_reasons):
        if len(sealed.content) <= most_bytes:
            break
        entry = entry.model_copy(update={"cameras": _each(entry, shorten)})
        sealed = seal_entry(entry, signer)
    return sealed


def _each(
    entry: WatchEntry, shorten: Callable[[WatchedCamera], WatchedCamera]
) -> dict[CameraId, WatchedCamera]:
    return {name: shorten(one) for name, one in entry.cameras.items()}


def _without_spans(one: WatchedCamera) -> WatchedCamera:
    return one.model_copy(update={"unseen": ()})


def _without_reasons(one: WatchedCamera) -> WatchedCamera:
    count = sum(one.rejected.values())
    return one.model_copy(update={"rejected": {OTHER_REASONS: count} if count else {}})
