"""Which camera a topic is of, and where a camera publishes.

PURE. A camera's own topic (`cameras.<id>.topic`) goes before the templates (`intake.topics`); a
template that the whole topic fits before one of which it would be a part of a picture. Called by
`mqtt` and `snapshots`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from contract.ids import CameraId
from contract.topics import ImageTemplate
from edge.config.schema import EdgeConfig
from edge.intake import chunks
from edge.intake.chunks import ChunkTopic

Found = tuple[CameraId, ChunkTopic | None]

_template = lru_cache(maxsize=4096)(ImageTemplate)
"""Checked once, not with every picture."""


def filters(config: EdgeConfig) -> tuple[str, ...]:
    """For whole pictures; a topic that a template finds is not asked for again, since a broker may
    send it twice."""
    templates = _templates(config)
    own = (one for one in _own_topics(config) if not any(t.fits(one) for t in templates))
    return tuple(dict.fromkeys((*(one.subscription for one in templates), *own)))


def part_filters(config: EdgeConfig) -> tuple[str, ...]:
    """For pictures in parts, whose topics must say of which camera they are."""
    named = [one.subscription for one in _templates(config) if one.names_camera]
    bases = dict.fromkeys((*named, *_own_topics(config)))
    return tuple(f"{one}/{part}" for one in bases if not one.endswith("#") for part in ChunkTopic)


def identify(config: EdgeConfig, topic: str) -> Found | None:
    """The camera that a topic names, and which part of a picture it carries, None for a whole."""
    whole = _camera_of(config, topic)
    if whole is not None:
        return whole, None
    image_topic, part = chunks.split_topic(topic)
    camera = None if part is None else _camera_of(config, image_topic)
    return None if camera is None else (camera, part)


def spelled_in(config: EdgeConfig, topic: str) -> str | None:
    """What a topic calls its camera, as it is written there; None where no template finds it."""
    if _own(config, topic) is not None:
        return None
    names = (template.name_in(topic) for template in _templates(config))
    return next((name for name in names if name is not None), None)


def holds_name(config: EdgeConfig, topic: str) -> bool:
    """Whether cameras that publish there name themselves in the message."""
    return any(one.fits(topic) for one in _templates(config) if not one.names_camera)


def filters_of(config: EdgeConfig, camera: CameraId) -> tuple[str, ...]:
    """Where a listed camera publishes, as far as that is known without a message of it."""
    settings = config.cameras.get(camera)
    if settings is not None and settings.topic is not None:
        return (settings.topic,)
    return tuple(one.topic_of(camera) for one in _templates(config) if one.names_camera)


def _camera_of(config: EdgeConfig, topic: str) -> CameraId | None:
    return _own(config, topic) or _by_template(config, topic)


def _own(config: EdgeConfig, topic: str) -> CameraId | None:
    for name, camera in config.cameras.items():
        if camera.topic is not None and _template(camera.topic).fits(topic):
            return CameraId(name)
    return None


def _by_template(config: EdgeConfig, topic: str) -> CameraId | None:
    found = (template.camera_of(topic) for template in _templates(config))
    return next((camera for camera in found if camera is not None), None)


def _templates(config: EdgeConfig) -> list[ImageTemplate]:
    return [_template(text) for text in config.intake.topics]


def _own_topics(config: EdgeConfig) -> Iterator[str]:
    return (one.topic for one in config.cameras.values() if one.topic is not None)
