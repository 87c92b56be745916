"""Pictures of half their columns, of a size that nobody knows: estimated from the shape of people.

PURE, but for the detector it is given. A size whose double is as wide as usual pictures are may be
one that a recorder squeezed. Then now and then people are detected in a picture as it is and
stretched: if people are found surer stretched, again and again, and are as slim as nobody is where
they are not, the pixels are twice as wide as high. Called by the pipeline after a detection of what
moves; read by health, which proposes what to configure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from edge.config.health import HealthConfig
from edge.config.schema import CameraConfig
from edge.detect.detect_frame import Detector
from edge.records import DecodedFrame
from imaging.aspect import is_known
from imaging.detections import Detections, Image

TWICE = 2.0
"""What recorders halve is the columns; see `imaging.aspect`."""

_USUAL = (16 / 9, 4 / 3, 5 / 4)
_NEARLY = 0.03
"""Width over height of what cameras see, and how far off a size may be: 1088 lines are for 1080."""

_EVERY_S = 0.5
_THEN_EVERY_S = 60.0
_MANY = 300
"""So many pictures are tried quickly after the start, two inferences each; then one a minute."""

_SURE, _LEAST_PX = 0.4, 24.0
"""People who are found surely, tall enough to have proportions, and not cut by the border."""

_CLEARLY = 0.1
"""Of a score: less is the network's mood."""

_ENOUGH, _APART_S = 8, 5.0
"""Pictures with people in them, over at least this time: one pose proves nothing."""

_WORSE = 0.25
"""Share of them in which people may be clearly less sure when stretched; on the whole they must be
surer. Of dev footage squeezed by two that are 0 to 0.18; of dev and field footage as it is 0.57 to
1.0, but for one camera straight above, where nobody is slim."""

_SLIM = 3.0
"""Median height over width of people where they are squeezed; where not, it is 1.7 to 2.96 on all
footage at hand, 3.2 to 3.7 if that is squeezed by two (the network's boxes err to what is usual).
"""

_STRETCHED = (1.4, 3.3)
"""The same of those stretched: 1.95 to 2.57."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectSample:
    """One picture: by how much its surest person is surer stretched, and the proportions of its
    people as it is and stretched."""

    at_s: float
    gain: float
    plain: tuple[float, ...]
    stretched: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectEstimate:
    """What is known about a camera's pictures of one `size`; `proposed` is the width of its pixels
    in units of their height, once it is sure."""

    size: tuple[int, int] = (0, 0)
    tries: int = 0
    tried_at_s: float = float("-inf")
    samples: tuple[AspectSample, ...] = ()
    proposed: float | None = None


def step(
    estimate: AspectEstimate,
    detector: Detector,
    decoded: DecodedFrame,
    image: Image,
    settings: CameraConfig,
    health: HealthConfig,
    now: float,
) -> tuple[AspectEstimate, int]:
    """What is known after this frame of a camera with these `settings`, and how many inferences it
    took; nothing is estimated where configuration or picture says how wide pixels are."""
    known = settings.pixel_aspect != "auto" or is_known(decoded.frame.header)
    if known or not health.enabled or "squeezed" in health.ignore:
        return AspectEstimate(), 0
    if not looks_squeezed((decoded.width, decoded.height)):
        return estimate, 0
    return estimate_aspect(estimate, detector, image, now)


def looks_squeezed(size: tuple[int, int]) -> bool:
    """Whether a picture of this width and height would be a usual one with twice the columns."""
    shape = TWICE * size[0] / size[1]
    return any(abs(shape / usual - 1) <= _NEARLY for usual in _USUAL)


def estimate_aspect(
    known: AspectEstimate, detector: Detector, image: Image, now: float
) -> tuple[AspectEstimate, int]:
    """What is known after this picture, and how many inferences it took."""
    size = (int(image.shape[1]), int(image.shape[0]))
    if known.size != size:
        known = AspectEstimate(size=size)
    every_s = _EVERY_S if known.tries < _MANY else _THEN_EVERY_S
    if known.proposed is not None or now - known.tried_at_s < every_s:
        return known, 0
    known = replace(known, tries=known.tries + 1, tried_at_s=now)
    plain, stretched = (_people(detector.detect(image, a), size, a) for a in (1.0, TWICE))
    if not (plain or stretched):
        return known, 2
    gain = max(stretched.values(), default=0.0) - max(plain.values(), default=0.0)
    one = AspectSample(at_s=now, gain=gain, plain=tuple(plain), stretched=tuple(stretched))
    known = replace(known, samples=(*known.samples, one)[-_MANY:])
    return replace(known, proposed=TWICE if _is_sure(known.samples) else None), 2


def _people(found: Detections, size: tuple[int, int], aspect: float) -> dict[float, float]:
    """Of the people seen surely and wholly: proportions (height over width, pixels of `aspect`)
    with their scores."""
    people = {}
    for label, score, box in zip(found.labels, found.scores, found.boxes, strict=True):
        x0, y0, x1, y1 = (float(value) for value in box)
        whole = x0 > 2 and y0 > 2 and x1 < size[0] - 2 and y1 < size[1] - 2
        if label == "person" and score >= _SURE and whole and y1 - y0 >= _LEAST_PX:
            people[(y1 - y0) / max(aspect * (x1 - x0), 1.0)] = float(score)
    return people


def _is_sure(samples: tuple[AspectSample, ...]) -> bool:
    if len(samples) < _ENOUGH or samples[-1].at_s - samples[0].at_s < _APART_S:
        return False
    gains = [one.gain for one in samples]
    worse = sum(gain < -_CLEARLY for gain in gains) / len(gains)
    surer = sum(gains) > 0 and median(gains) >= 0 and worse <= _WORSE
    plain = [ratio for one in samples for ratio in one.plain]
    stretched = [ratio for one in samples for ratio in one.stretched]
    slim = not plain or median(plain) >= _SLIM
    usual = bool(stretched) and _STRETCHED[0] <= median(stretched) <= _STRETCHED[1]
    return surer and slim and usual
