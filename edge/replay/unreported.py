"""The tracks of a replay about which no alarm was raised: filmstrips, and what held them back.

PURE, though it changes in place. Nobody knows in advance how long a track lives: its strip takes
every frame at first, then every second, fourth, ... so that it is bounded and spread evenly. Called
by `report`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge.records import TrackId
from edge.replay.failed_checks import FailedChecks
from edge.replay.html import PageEntry, PagePicture
from edge.replay.player import ReplayStep
from edge.track.track import Track

FRAMES = 8
_KEPT = 2 * FRAMES
MOST = 60
"""Tracks that are shown. More nobody looks at."""

Closeup = Callable[[Track], PagePicture | None]


@dataclass(slots=True)
class _TrackHistory:
    """One track so far."""

    track: Track
    failed_checks: FailedChecks = field(default_factory=FailedChecks)
    stride: int = 1
    strip: list[PagePicture] = field(default_factory=list)

    def wants(self) -> bool:
        """Whether this observation of it belongs into the strip."""
        return (self.track.hits - 1) % self.stride == 0

    def add(self, picture: PagePicture) -> None:
        self.strip.append(picture)
        if len(self.strip) > _KEPT:
            self.strip = self.strip[::2]
            self.stride *= 2

    def shown(self) -> list[PagePicture]:
        """Some of what was kept, the first and the last of it among them."""
        if len(self.strip) <= FRAMES:
            return self.strip
        apart = (len(self.strip) - 1) / (FRAMES - 1)
        return [self.strip[round(n * apart)] for n in range(FRAMES)]

    def entry(self) -> PageEntry:
        track = self.track
        title = (
            f"#{track.id} {track.label}, {track.first_at_s:.1f} to {track.seen_at_s:.1f} s, "
            f"{track.hits} observations"
        )
        why = self.failed_checks.words()
        if self.failed_checks.fired:
            return PageEntry(title, "fired, but was a duplicate", why, self.shown())
        return PageEntry(title, why[0], why[1:], self.shown(), "open")


class UnreportedTracks:
    """Follows the tracks of one camera's replay."""

    def __init__(self) -> None:
        self._alive: dict[TrackId, _TrackHistory] = {}
        self._ended: list[_TrackHistory] = []

    def add(self, step: ReplayStep, closeup: Closeup) -> None:
        """The next step; `closeup` draws a track in it."""
        now = {track.id: track for track in step.tracks}
        for id_ in [id_ for id_ in self._alive if id_ not in now]:
            self._end(self._alive.pop(id_))
        for rule_result in step.rule_results:
            if rule_result.track in now:
                history = self._alive.setdefault(
                    rule_result.track, _TrackHistory(now[rule_result.track])
                )
                history.failed_checks.count(rule_result)
        seen = [id_ for id_, track in now.items() if track.seen_at_s == step.t]
        lives = [self._alive[id_] for id_ in seen if id_ in self._alive]
        for history in lives:
            history.track = now[history.track.id]
            if not history.track.raised and history.wants():
                drawn = closeup(history.track)
                if drawn is not None:
                    history.add(drawn)

    def entries(self) -> Iterator[PageEntry]:
        """What nearly fired first, duplicates last."""
        for history in self._alive.values():
            self._end(history)
        self._alive = {}
        for history in self._ended[:MOST]:
            yield history.entry()

    def _end(self, history: _TrackHistory) -> None:
        if (
            history.track.raised
            or not history.track.confirmed
            or not history.failed_checks.evaluated
        ):
            return
        self._ended.append(history)
        self._ended.sort(key=_interest)
        del self._ended[MOST:]


def _interest(history: _TrackHistory) -> tuple[bool, int, int]:
    """What a single check held back comes first, duplicates last; then who was seen long."""
    worst = history.failed_checks.worst()
    return history.failed_checks.fired > 0, -(worst[0].alone if worst else 0), -history.track.hits
