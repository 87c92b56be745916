"""Where an object is going, and how surely: a Kalman filter over its feet.

PURE. Constant velocity that fades: a walker keeps the direction for some seconds, then it is
anybody's guess (an Ornstein-Uhlenbeck process, so the variance of the speed never exceeds what such
an object can plausibly do, however long nobody looks). All noise is in heights of the object, so
the same scene in another resolution gives the same tracks. Positions are pixels, times monotonic
seconds. Called by `tracker`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from contract.labels import Group
from imaging.polygons import Point

JITTER = 0.08
"""Standard deviation of a detected foot point in heights: a box of a quantised network shakes by
some percent of its size, and feet disappear behind what stands before them."""

VELOCITY_MEMORY_S = 4.0
"""How long a speed is remembered: a walker at 1.4 m/s goes some 6 m before stopping or turning."""

_OUTLIER = 3.0
"""A foot point farther off than this many standard deviations pulls no more than one this far."""


class SpeedPrior(NamedTuple):
    """Speeds in heights per second: the standard deviation, and the most that is plausible."""

    usual: float
    most: float


SPEED_PRIORS: dict[Group, SpeedPrior] = {
    "person": SpeedPrior(usual=0.9, most=3.5),  # 1.7 m tall: walks at 1.4 m/s, runs at 6 m/s
    "vehicle": SpeedPrior(
        usual=3.0, most=12.0
    ),  # 1.5 m high: 16 km/h in a yard, 65 km/h in a street
    "animal": SpeedPrior(usual=2.0, most=10.0),  # 0.5 m high: trots at 1 m/s, runs at 5 m/s
    "other": SpeedPrior(usual=2.0, most=10.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KalmanState:
    """Feet at `at_s`, their velocity (pixels per second), and of the covariance matrix the variance
    of the place, the covariance of place and velocity, and the variance of the velocity; the two
    axes are alike and independent."""

    at_s: float
    foot: Point
    velocity: Point
    covariance: tuple[float, float, float]


def begin(foot: Point, height: float, group: Group, now: float) -> KalmanState:
    """The state of an object seen once: it may go anywhere at its usual speed."""
    place, speed = (JITTER * height) ** 2, (SPEED_PRIORS[group].usual * height) ** 2
    return KalmanState(at_s=now, foot=foot, velocity=(0.0, 0.0), covariance=(place, 0.0, speed))


def predict(state: KalmanState, height: float, group: Group, now: float) -> KalmanState:
    """The state as it is expected at `now`, not before it was seen."""
    elapsed = max(0.0, now - state.at_s)
    if not elapsed:
        return state
    kept = math.exp(-elapsed / VELOCITY_MEMORY_S)
    reach = VELOCITY_MEMORY_S * (1 - kept)
    (x, y), (vx, vy) = state.foot, state.velocity
    place, both, speed = state.covariance
    noise = _noise(elapsed, kept, SPEED_PRIORS[group].usual * height)
    return KalmanState(
        at_s=now,
        foot=(x + vx * reach, y + vy * reach),
        velocity=(vx * kept, vy * kept),
        covariance=(
            place + 2 * reach * both + reach**2 * speed + noise[0],
            kept * (both + reach * speed) + noise[1],
            kept**2 * speed + noise[2],
        ),
    )


def update(state: KalmanState, foot: Point, height: float) -> KalmanState:
    """The state after the feet were seen at `foot` at the state's own time."""
    place, both, speed = state.covariance
    total = place + (JITTER * height) ** 2
    off_x, off_y = foot[0] - state.foot[0], foot[1] - state.foot[1]
    distance = math.hypot(off_x, off_y)
    pull = min(1.0, _OUTLIER * math.sqrt(total) / distance) if distance else 1.0
    gain, turn = place / total * pull, both / total * pull
    return KalmanState(
        at_s=state.at_s,
        foot=(state.foot[0] + gain * off_x, state.foot[1] + gain * off_y),
        velocity=(state.velocity[0] + turn * off_x, state.velocity[1] + turn * off_y),
        covariance=(
            place * (1 - place / total),
            both * (1 - place / total),
            max(0.0, speed - both**2 / total),
        ),
    )


def _noise(elapsed: float, kept: float, speed: float) -> tuple[float, float, float]:
    """What an Ornstein-Uhlenbeck velocity of standard deviation `speed` adds in `elapsed` seconds
    to the variances of place, place with velocity, and velocity (Singer, 1970, with the velocity
    instead of the acceleration as the coloured noise)."""
    time = VELOCITY_MEMORY_S
    place = speed**2 * time**2 * (2 * elapsed / time - 3 + 4 * kept - kept**2)
    return max(0.0, place), speed**2 * time * (1 - kept) ** 2, speed**2 * (1 - kept**2)
