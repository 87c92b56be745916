"""How pictures come in: the site's broker, and what of its messages is admitted."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge.config.presets import Preset, filled_in
from edge.config.snapshots import SnapshotsConfig
from edge.config.values import ImageTopics, Section
from service.sections import BrokerConfig


class PictureLimitsConfig(Section):
    """What a picture may claim before a byte of it is decoded."""

    max_bytes: int = Field(2_000_000, ge=1_000, le=64_000_000, description="Encoded size.")
    max_pixels: int = Field(9_000_000, ge=10_000, le=100_000_000, description="Width x height.")
    min_side_px: int = Field(32, ge=1, le=4096, description="Shortest side.")
    max_side_px: int = Field(8192, ge=64, le=65_500, description="Longest side.")
    max_scans: int = Field(64, ge=1, le=1000, description="Scans of a progressive JPEG.")
    max_age_s: float = Field(
        30.0,
        ge=0.1,
        le=86_400,
        description="Greatest age when its analysis begins; an older frame is rejected as `stale`.",
    )


class JsonPathsConfig(Section):
    """Where in a JSON payload the picture and its facts stand: dotted paths, first hit wins."""

    image: tuple[str, ...] = Field(
        (
            "image",
            "data",
            "img",
            "picture",
            "snapshot",
            "payload",
            "data.image",
            "payload.image",
            "payload.value.image",
        ),
        description="Base64 picture.",
    )
    time: tuple[str, ...] = Field(
        ("timestamp", "time", "ts", "captured_at"), description="RFC 3339 or Unix s or ms."
    )
    id: tuple[str, ...] = Field(
        ("id", "camera", "device"), description="Camera id, for topics without {camera}."
    )
    part: tuple[str, ...] = Field(
        ("part", "chunk", "chunk_index"),
        description="Number of a piece, from 0 or 1, of a picture in pieces.",
    )
    parts: tuple[str, ...] = Field(
        ("parts", "chunks", "total_chunks", "total"), description="How many pieces there are."
    )


class IntakeConfig(Section):
    """The site's broker, where cameras publish."""

    broker: BrokerConfig = Field(default_factory=BrokerConfig, description="The site's broker.")
    preset: Preset | None = Field(
        None,
        description="Defaults for what another program publishes: fills in the topics and paths "
        "that are not given; see docs/howto/sources.md.",
    )
    topics: tuple[ImageTopics, ...] = Field(
        ("cameras/{camera}/image",),
        min_length=1,
        description="Where cameras publish; `+` and a last `#` for levels that do not matter. "
        "Without {camera}: the id stands in JSON, at one of json_paths.id.",
    )
    discovery: bool = Field(True, description="Accept cameras that are not listed.")
    max_cameras: int = Field(
        32, ge=1, le=1000, description="How many cameras are followed beside the listed ones."
    )
    idle_s: float = Field(
        3600.0,
        ge=60,
        le=2_592_000,
        description="A camera that is not listed and silent for this long gives its slot to "
        "another.",
    )
    snapshots: SnapshotsConfig = Field(
        default_factory=SnapshotsConfig, description="Single pictures."
    )
    accept_retained: bool = Field(False, description="Analyse retained (old) pictures too.")
    chunk_timeout_s: float = Field(
        10.0, ge=0.5, le=300, description="Longest wait for the next part of a picture in parts."
    )
    limits: PictureLimitsConfig = Field(
        default_factory=PictureLimitsConfig, description="Admission limits."
    )
    json_paths: JsonPathsConfig = Field(
        default_factory=JsonPathsConfig, description="Paths in JSON payloads."
    )

    @model_validator(mode="before")
    @classmethod
    def _preset_fills_in(cls, section: object) -> object:
        return filled_in(section)
