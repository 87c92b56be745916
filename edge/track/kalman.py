"""Where a thing is going, and how surely: a Kalman filter over its feet.

PURE. Constant velocity that fades: a walker keeps a course for some seconds, then it is anybody's
guess (an Ornstein-Uhlenbeck process, so the doubt about the speed never exceeds what such a thing
can plausibly do, however long nobody looks). All noise is in heights of the thing, so the same
scene in another resolution gives the same tracks. Positions are pixels, times monotonic seconds.
Called by `tracker`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from contract.labels import Group

Point = tuple[float, float]

JITTER = 0.08
"""Standard deviation of a detected foot point in heights: a box of a quantised network shakes by
some percent of its size, and feet disappear behind what stands before them."""

KEEPS_COURSE_S = 4.0
"""How long a speed is remembered: a walker at 1.4 m/s goes some 6 m before stopping or turning."""

_OUTLIER = 3.0
"""A foot point farther off than this many standard deviations pulls no more than one this far."""


class Pace(NamedTuple):
    """Speeds in heights per second: the standard deviation, and the most that is plausible."""

    usual: float
    most: float


PACES: dict[Group, Pace] = {
    "person": Pace(usual=0.9, most=3.5),  # 1.7 m tall: walks at 1.4 m/s, runs at 6 m/s
    "vehicle": Pace(usual=3.0, most=12.0),  # 1.5 m high: 16 km/h in a yard, 65 km/h in a street
    "animal": Pace(usual=2.0, most=10.0),  # 0.5 m high: trots at 1 m/s, runs at 5 m/s
    "other": Pace(usual=2.0, most=10.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Feet at `at_s`, their velocity (pixels per second), and the variances of place, of place
    with velocity, and of velocity; the two axes are alike and independent."""

    at_s: float
    foot: Point
    velocity: Point
    doubt: tuple[float, float, float]

    @property
    def spread_px(self) -> float:
        """Standard deviation of the place along each axis."""
        return math.sqrt(self.doubt[0])


def begin(foot: Point, height: float, group: Group, now: float) -> Course:
    """The course of a thing seen once: it may go anywhere at its usual pace."""
    place, speed = (JITTER * height) ** 2, (PACES[group].usual * height) ** 2
    return Course(at_s=now, foot=foot, velocity=(0.0, 0.0), doubt=(place, 0.0, speed))


def ahead(course: Course, height: float, group: Group, now: float) -> Course:
    """The course as it is expected at `now`, not before it was seen."""
    elapsed = max(0.0, now - course.at_s)
    if not elapsed:
        return course
    kept = math.exp(-elapsed / KEEPS_COURSE_S)
    reach = KEEPS_COURSE_S * (1 - kept)
    (x, y), (vx, vy) = course.foot, course.velocity
    place, both, speed = course.doubt
    noise = _noise(elapsed, kept, PACES[group].usual * height)
    return Course(
        at_s=now,
        foot=(x + vx * reach, y + vy * reach),
        velocity=(vx * kept, vy * kept),
        doubt=(
            place + 2 * reach * both + reach**2 * speed + noise[0],
            kept * (both + reach * speed) + noise[1],
            kept**2 * speed + noise[2],
        ),
    )


def meet(course: Course, foot: Point, height: float) -> Course:
    """The course after the feet were seen at `foot` at the course's own time."""
    place, both, speed = course.doubt
    total = place + (JITTER * height) ** 2
    off_x, off_y = foot[0] - course.foot[0], foot[1] - course.foot[1]
    distance = math.hypot(off_x, off_y)
    pull = min(1.0, _OUTLIER * math.sqrt(total) / distance) if distance else 1.0
    gain, turn = place / total * pull, both / total * pull
    return Course(
        at_s=course.at_s,
        foot=(course.foot[0] + gain * off_x, course.foot[1] + gain * off_y),
        velocity=(course.velocity[0] + turn * off_x, course.velocity[1] + turn * off_y),
        doubt=(
            place * (1 - place / total),
            both * (1 - place / total),
            max(0.0, speed - both**2 / total),
        ),
    )


def _noise(elapsed: float, kept: float, pace: float) -> tuple[float, float, float]:
    """What an Ornstein-Uhlenbeck velocity of standard deviation `pace` adds in `elapsed` seconds
    to the variances of place, place with velocity, and velocity (Singer, 1970, with the velocity
    instead of the acceleration as the coloured noise)."""
    time = KEEPS_COURSE_S
    place = pace**2 * time**2 * (2 * elapsed / time - 3 + 4 * kept - kept**2)
    return max(0.0, place), pace**2 * time * (1 - kept) ** 2, pace**2 * (1 - kept**2)
