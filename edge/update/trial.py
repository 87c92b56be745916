"""The time after an update came into force: how the gateway was before it, and how it is now.

SHELL, though it opens nothing: it looks at counters and health now and then. What counts as worse
is decided in `health_window`. Driven by `updater`, on the control loop's thread.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from contract.ids import CameraId
from edge.health.reasons import Problem
from edge.update.health_window import LOOKS, Baseline, Funnels, WatchedFrames, baseline, worse
from edge.update.store import Attempt
from service.clock import Clock

JUDGE_S = 1.0
SETTLE_S = 2.0
"""What was under way when the update came has passed by then; of a short window a quarter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSources:
    """What a trial looks at: the counters, what is wrong with the gateway, and why its network
    cannot go on, None while it can."""

    funnels: Callable[[], Funnels]
    problems: Callable[[], Collection[Problem]]
    failing: Callable[[], str | None]


class UpdateTrial:
    """Looks at the gateway all the time, so that it knows how it was before an update came."""

    def __init__(self, sources: TrialSources, window_s: Callable[[], float], clock: Clock) -> None:
        self._funnels, self._problems = sources.funnels, sources.problems
        self._failing, self._window_s, self._clock = sources.failing, window_s, clock
        self._looks: deque[Funnels] = deque(maxlen=LOOKS)
        self._look_at_s = self._judge_at_s = -math.inf
        self._watched = WatchedFrames()
        self._settled = True
        self._since_s = clock.mono()

    def look(self) -> None:
        """On each turn."""
        now = self._clock.mono()
        if now >= self._look_at_s:
            self._look_at_s = now + self._window_s() / LOOKS
            self._looks.append(self._funnels())

    def before(self, attempt: Attempt) -> Attempt:
        """With how the gateway is, just before the update comes into force."""
        found = baseline((*self._looks, self._funnels()), self._problems())
        return attempt.model_copy(
            update={
                "active": tuple(sorted(found.active)),
                "steady": tuple(sorted(found.steady)),
                "problems": tuple(sorted(found.problems)),
            }
        )

    def begin(self) -> None:
        """The update comes into force now; without this it did at the daemon's start."""
        self._settled, self._since_s = False, self._clock.mono()

    def judge(self, attempt: Attempt) -> tuple[bool, str | None]:
        """Whether the window is over, and why the update must go; asked as often as you like. A
        network that cannot go on is not waited for."""
        if (failing := self._failing()) is not None:
            return False, failing
        now = self._clock.mono()
        window_s, funnels = self._window_s(), self._funnels()
        over = now - self._since_s >= window_s
        if not self._settled:
            self._watched = WatchedFrames(since=funnels, usable=funnels)
            self._settled = now - self._since_s >= min(SETTLE_S, window_s / 4)
        if now < self._judge_at_s and not over:
            return False, None
        self._judge_at_s = now + JUDGE_S
        self._watched = self._watched.looked(funnels)
        before = Baseline(
            active=frozenset(map(CameraId, attempt.active)),
            steady=frozenset(map(CameraId, attempt.steady)),
            problems=frozenset(attempt.problems),
        )
        return over, worse(before, self._watched, funnels, self._problems(), over=over)
