"""The configuration: one schema for the file and for remote updates.

Sections are the stages of a frame's path. Every number has a unit in its name and bounds; defaults
stand here and nowhere else; unknown keys are refused. Secrets are named by file, never written in.
Read by `load`; `config/edge.example.yaml` and `docs/config.md` are generated from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from contract.report import NO_PROFILE
from edge.config.audit import AuditConfig
from edge.config.day_night import DayNightConfig, NightConfig
from edge.config.deduplication import DeduplicationConfig
from edge.config.deliver import DeliverConfig, DirStoreConfig, OutboxConfig, S3StoreConfig
from edge.config.detect import DetectConfig
from edge.config.enrolment import EnrolmentConfig
from edge.config.evidence import EvidenceConfig
from edge.config.gate import GateConfig
from edge.config.health import HealthConfig
from edge.config.home_assistant import HomeAssistantConfig
from edge.config.intake import IntakeConfig, JsonPathsConfig, PictureLimitsConfig
from edge.config.manage import ManageConfig
from edge.config.profiles import ProfileConfig
from edge.config.regions import PixelAspect, SearchRegionsConfig
from edge.config.remote import RemoteConfig
from edge.config.rules import DEFAULT_RULES, DecideConfig, RuleConfig
from edge.config.schedule import ScheduleConfig
from edge.config.self_test import SelfTestConfig
from edge.config.shadow import ShadowConfig
from edge.config.snapshots import SnapshotsConfig
from edge.config.static_objects import StaticObjectsConfig
from edge.config.tracking import TrackingConfig
from edge.config.values import Name, OwnTopic, Section
from edge.config.watch import WatchConfig
from service.places import (
    LineConfig,
    MotionMaskConfig,
    ObjectMaskConfig,
    PrivacyMaskConfig,
    ZoneConfig,
    repeated,
)
from service.sections import BrokerConfig, TlsConfig
from service.weekly_hours import WindowConfig

__all__ = [
    "DEFAULT_RULES",
    "AuditConfig",
    "BrokerConfig",
    "CameraConfig",
    "DayNightConfig",
    "DecideConfig",
    "DeduplicationConfig",
    "DeliverConfig",
    "DetectConfig",
    "DirStoreConfig",
    "EdgeConfig",
    "EnrolmentConfig",
    "EvidenceConfig",
    "GateConfig",
    "GatewayConfig",
    "HealthConfig",
    "HomeAssistantConfig",
    "IntakeConfig",
    "JsonPathsConfig",
    "LineConfig",
    "ManageConfig",
    "MotionMaskConfig",
    "NightConfig",
    "ObjectMaskConfig",
    "OutboxConfig",
    "PictureLimitsConfig",
    "PrivacyMaskConfig",
    "RemoteConfig",
    "RuleConfig",
    "RuntimeConfig",
    "S3StoreConfig",
    "ScheduleConfig",
    "SearchRegionsConfig",
    "Section",
    "SelfTestConfig",
    "ShadowConfig",
    "SnapshotsConfig",
    "StaticObjectsConfig",
    "TlsConfig",
    "TrackingConfig",
    "WatchConfig",
    "WindowConfig",
    "ZoneConfig",
]


class GatewayConfig(Section):
    id: Name = Field("gateway", description="This gateway's id, in every topic and object key.")


class RuntimeConfig(Section):
    """The daemon itself."""

    metrics_host: str = Field("127.0.0.1", description="Where /metrics and /healthz listen.")
    metrics_port: int = Field(9465, ge=0, le=65535, description="Port; 0: off.")
    heartbeat_s: float = Field(
        30.0,
        ge=2,
        le=600,
        description="A thread without progress for this long counts as hung: the daemon restarts.",
    )
    stop_deadline_s: float = Field(
        10.0, ge=1, le=120, description="Longest time to finish on SIGTERM."
    )
    stats_s: float = Field(60.0, ge=1, le=3600, description="Interval of `stats`.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )


class CameraConfig(Section):
    """What differs for one camera."""

    enabled: bool = Field(True, description="Off: its frames are rejected as `disabled`.")
    kind: Literal["auto", "stream", "snapshot"] = Field(
        "auto",
        description="stream: frames follow each other; snapshot: each picture is decided on alone.",
    )
    topic: OwnTopic | None = Field(
        None,
        description="Where it publishes, whatever intake.topics say; `+` and `#` are allowed.",
    )
    snapshot_after_s: float = Field(
        5.0, ge=0.5, le=3600, description="auto: frames this far apart are single pictures."
    )
    armed: bool = Field(True, description="Off: nothing is raised; frames are still analysed.")
    pixel_aspect: PixelAspect = Field(
        "auto",
        description="Width of a pixel in units of its height; above 1 where the stream squeezes a "
        "wide scene. auto: what the picture or its size says by standard, else 1.",
    )
    zones: tuple[ZoneConfig, ...] = Field((), description="Zones of this camera.")
    lines: tuple[LineConfig, ...] = Field((), description="Lines of this camera.")
    object_masks: tuple[ObjectMaskConfig, ...] = Field((), description="Where objects are ignored.")
    motion_masks: tuple[MotionMaskConfig, ...] = Field((), description="Where motion is ignored.")
    privacy_masks: tuple[PrivacyMaskConfig, ...] = Field(
        (), description="Black before anything is detected, kept or sent."
    )
    gate: GateConfig | None = Field(None, description="Instead of the general gate.")
    health: HealthConfig | None = Field(None, description="Instead of the general health.")
    rules: tuple[RuleConfig, ...] | None = Field(None, description="Instead of the general rules.")

    @model_validator(mode="after")
    def _places_are_distinct(self) -> CameraConfig:
        for key in ("zones", "lines", "object_masks", "motion_masks", "privacy_masks"):
            twice = repeated(getattr(self, key))
            if twice:
                raise ValueError(f"{key}: ids repeat: {twice}")
        ids = [rule.id for rule in self.rules or ()]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rules: ids repeat: {ids}")
        return self


def _without_a_place(config: EdgeConfig) -> Iterator[str]:
    """An enrolment whose certificate nobody would use."""
    uplink = config.deliver.uplink
    if config.enrolment is None:
        if isinstance(config.deliver.store, S3StoreConfig) and config.deliver.store.signed:
            yield "deliver.store.signed: the service that signs is given by `enrolment`"
        return
    if uplink is None or uplink.tls is None:
        yield "enrolment: its certificate is for deliver.uplink, which needs host and tls"
    elif uplink.tls.cert_file is not None or uplink.tls.key_file is not None:
        yield "enrolment: deliver.uplink.tls.cert_file and key_file come from it: leave them out"


def _unknown_names(camera: CameraConfig, path: str, decide: DecideConfig) -> Iterator[str]:
    """What the camera's rules name and neither it nor `decide` has."""
    general = camera.rules is None
    for rule in decide.rules if general else camera.rules or ():
        key = f"{'decide' if general else path}.rules: rule {rule.id!r}"
        here = {
            "zones": (rule.zones, {zone.id for zone in camera.zones}),
            "lines": (rule.lines, {line.id for line in camera.lines}),
        }
        for kind, (names, places) in here.items():
            unknown = sorted(set(names) - places)
            if unknown and not (general and path == "camera_defaults"):
                yield f"{key} names {kind} {unknown} that {path} lacks"
        unknown = sorted(set(rule.schedules) - {schedule.id for schedule in decide.schedules})
        if unknown:
            yield f"{key} names schedules {unknown} that decide.schedules lacks"


class EdgeConfig(Section):
    """All sections."""

    version: Literal[1] = Field(1, description="Version of this schema.")
    gateway: GatewayConfig = Field(default_factory=GatewayConfig, description="This gateway.")
    intake: IntakeConfig = Field(default_factory=IntakeConfig, description="How pictures come in.")
    gate: GateConfig = Field(default_factory=GateConfig, description="Motion gate.")
    health: HealthConfig = Field(default_factory=HealthConfig, description="Camera health.")
    detect: DetectConfig = Field(default_factory=DetectConfig, description="Detection.")
    decide: DecideConfig = Field(default_factory=DecideConfig, description="Tracking and rules.")
    deliver: DeliverConfig = Field(
        default_factory=DeliverConfig, description="Reports, evidence and verdicts."
    )
    enrolment: EnrolmentConfig | None = Field(
        None, description="Present: this gateway's certificate for the uplink comes from a service."
    )
    self_test: SelfTestConfig = Field(
        default_factory=SelfTestConfig, description="Marked suspicions that test the whole way."
    )
    watch: WatchConfig = Field(
        default_factory=WatchConfig, description="The proof of watch: a signed entry every hour."
    )
    remote: RemoteConfig = Field(default_factory=RemoteConfig, description="Requests from afar.")
    home_assistant: HomeAssistantConfig = Field(
        default_factory=HomeAssistantConfig, description="Discovery by Home Assistant."
    )
    profiles: dict[Name, ProfileConfig] = Field(
        default_factory=dict,
        description="Sets of overrides by name, such as away and night; one is chosen over MQTT.",
    )
    manage: ManageConfig = Field(
        default_factory=ManageConfig, description="Updates that come signed from afar."
    )
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="The process.")
    camera_defaults: CameraConfig = Field(
        default_factory=CameraConfig, description="For cameras that are not listed."
    )
    cameras: dict[Name, CameraConfig] = Field(
        default_factory=dict, description="Listed cameras, by id."
    )

    @model_validator(mode="after")
    def _rules_name_known_things(self) -> EdgeConfig:
        problems = [*_unknown_names(self.camera_defaults, "camera_defaults", self.decide)]
        for name, camera in self.cameras.items():
            problems += _unknown_names(camera, f"cameras.{name}", self.decide)
        topics = [camera.topic for camera in self.cameras.values() if camera.topic is not None]
        problems += [
            f"two cameras have the topic {topic!r}"
            for topic in dict.fromkeys(topics)
            if topics.count(topic) > 1
        ]
        problems += [
            f"topic {topic!r} begins with deliver.root: under it gateways publish themselves"
            for topic in dict.fromkeys((*self.intake.topics, *topics))
            if topic.split("/")[0] == self.deliver.root
        ]
        problems += _without_a_place(self)
        if NO_PROFILE in self.profiles:
            problems.append(f"profiles.{NO_PROFILE}: the word chooses no profile; rename it")
        if self.camera_defaults.topic is not None:
            problems.append("camera_defaults.topic: a topic is of one camera; intake.topics")
        if problems:
            raise ValueError("; ".join(dict.fromkeys(problems)))
        return self

    def of_camera(self, camera: str) -> CameraConfig:
        """The settings of a camera, listed or not."""
        return self.cameras.get(camera, self.camera_defaults)

    def gate_of(self, settings: CameraConfig) -> GateConfig:
        """The gate of a camera with these settings: its own, or the one for all."""
        return self.gate if settings.gate is None else settings.gate

    def health_of(self, settings: CameraConfig) -> HealthConfig:
        """The same for health."""
        return self.health if settings.health is None else settings.health
