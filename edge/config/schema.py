"""The configuration: one schema for the file and for remote updates.

Sections are the stages of a frame's path. Every number has a unit in its name and bounds; defaults
stand here and nowhere else; unknown keys are refused. Secrets are named by file, never written in.
Read by `load`; `config/edge.example.yaml` and `docs/config.md` are generated from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from contract.topics import DEFAULT_ROOT
from edge.config.audit import Audit
from edge.config.evidence import Evidence
from edge.config.gate import Gate
from edge.config.health import Health
from edge.config.light import Light, Night
from edge.config.places import Line, MotionMask, ObjectMask, PrivacyMask, Zone, repeated
from edge.config.regions import PixelAspect, Regions
from edge.config.rules import DEFAULT_RULES, Decide, Rule
from edge.config.schedule import Schedule, Window
from edge.config.self_test import SelfTest
from edge.config.snapshots import Snapshots
from edge.config.static import Static
from edge.config.storm import Storm
from edge.config.tracking import Tracking
from edge.config.values import Name, PublicKey, Section, Share, Template
from service.sections import Broker, Tls

__all__ = [
    "DEFAULT_RULES",
    "Audit",
    "Broker",
    "Camera",
    "Config",
    "Decide",
    "Deliver",
    "Detect",
    "DirStore",
    "Evidence",
    "Gate",
    "Gateway",
    "Health",
    "Intake",
    "JsonPaths",
    "Light",
    "Limits",
    "Line",
    "MotionMask",
    "Night",
    "ObjectMask",
    "Outbox",
    "PrivacyMask",
    "Regions",
    "Rule",
    "Runtime",
    "S3Store",
    "Schedule",
    "Section",
    "SelfTest",
    "Snapshots",
    "Static",
    "Storm",
    "Tls",
    "Tracking",
    "Window",
    "Zone",
]


class Gateway(Section):
    id: Name = Field("gateway", description="This gateway's id, in every topic and object key.")


class Limits(Section):
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


class JsonPaths(Section):
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
    id: tuple[str, ...] = Field(("id", "camera", "device"), description="Camera id; informative.")


class Intake(Section):
    """The site's broker, where cameras publish."""

    broker: Broker = Field(default_factory=Broker, description="The site's broker.")
    topics: tuple[Template, ...] = Field(
        ("cameras/{camera}/image",), min_length=1, description="Where cameras publish."
    )
    discovery: bool = Field(True, description="Accept cameras that are not listed.")
    max_cameras: int = Field(
        32, ge=1, le=1000, description="How many cameras are followed beside the listed ones."
    )
    idle_s: float = Field(
        3600.0,
        ge=60,
        le=2_592_000,
        description="A camera that is not listed and silent for this long gives its place to "
        "another.",
    )
    snapshots: Snapshots = Field(default_factory=Snapshots, description="Single pictures.")
    accept_retained: bool = Field(False, description="Analyse retained (old) pictures too.")
    chunk_timeout_s: float = Field(
        10.0, ge=0.5, le=300, description="Longest wait for the next part of a picture in parts."
    )
    limits: Limits = Field(default_factory=Limits, description="Admission limits.")
    json_paths: JsonPaths = Field(default_factory=JsonPaths, description="Paths in JSON payloads.")


class Detect(Section):
    """The edge's network."""

    model: str = Field(
        "nanodet-g-416-int8", description="A shipped model's name, or a folder with a manifest."
    )
    runtime: Literal["auto", "tflite", "litert"] = Field(
        "auto",
        description="Interpreter; scores differ a little between them. auto is litert where it is "
        "installed and runs the model, else tflite.",
    )
    workers: int = Field(1, ge=1, le=16, description="Analysis threads, an interpreter each.")
    threads_per_worker: int = Field(1, ge=1, le=16, description="Threads within an interpreter.")
    min_score: Share = Field(0.25, description="Detections with a lower score are ignored.")
    vehicle_sum: bool = Field(
        True, description="A vehicle's score is the sum over car, bus and truck, at most 1."
    )
    regions: Regions = Field(
        default_factory=Regions, description="Enlarged crops for small objects."
    )
    errors_in_a_row: int = Field(
        5,
        ge=1,
        le=1000,
        description="Failures of the network in a row after which the daemon restarts.",
    )


class DirStore(Section):
    """A directory as object store (also a network mount)."""

    type: Literal["dir"] = "dir"
    path: Path = Field(Path("var/store"), description="Root of the store.")
    max_bytes: int = Field(
        2_000_000_000,
        ge=1_000_000,
        le=100_000_000_000_000,
        description="Quota; the oldest evidence goes first, then the oldest verdicts.",
    )
    min_free_bytes: int = Field(
        200_000_000,
        ge=0,
        le=1_000_000_000_000,
        description="Space that is left free on its disk, whatever the quota allows.",
    )
    evidence_max_age_s: float = Field(
        2_592_000.0,
        ge=3600,
        le=315_360_000,
        description="Pictures are deleted after this (30 days).",
    )
    verdicts_max_age_s: float = Field(
        31_536_000.0,
        ge=3600,
        le=315_360_000,
        description="Verdicts are deleted after this (a year).",
    )


class S3Store(Section):
    """An S3-compatible object store; credentials by boto3's usual chain or a file."""

    type: Literal["s3"]
    bucket: str = Field(min_length=3, max_length=63, description="Bucket, which must exist.")
    endpoint_url: str | None = Field(None, description="Absent: AWS.")
    region: str = Field("us-east-1", description="Region.")
    credentials_file: Path | None = Field(
        None, description="INI file with aws_access_key_id and aws_secret_access_key."
    )
    timeout_s: float = Field(10.0, ge=1, le=300, description="Connect and read timeout.")


class Outbox(Section):
    path: Path = Field(Path("var/outbox"), description="Folder of database and pictures.")
    max_bytes: int = Field(
        1_000_000_000, ge=1_000_000, le=1_000_000_000_000, description="Quota on disk."
    )
    min_free_bytes: int = Field(
        50_000_000,
        ge=0,
        le=1_000_000_000_000,
        description="Space left free on its disk; below it suspicions are held in memory.",
    )
    memory_max_bytes: int = Field(
        32_000_000,
        ge=1_000_000,
        le=1_000_000_000,
        description="Suspicions held in memory while the disk takes none.",
    )
    max_age_s: float = Field(
        604_800.0, ge=60, le=31_536_000, description="An older entry is evicted."
    )
    max_attempts: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Failed attempts after which an entry is given up (buried).",
    )


class Deliver(Section):
    """Evidence, reports and verdicts."""

    root: Name = Field(DEFAULT_ROOT, description="First level of Stillwatch's own topics.")
    uplink: Broker | None = Field(
        None, description="Broker towards the cloud; absent: the same as intake's."
    )
    cloud_keys: tuple[PublicKey, ...] = Field(
        (),
        max_length=16,
        description="The cloud's public keys, each a file or `ed25519:...`: what none of them "
        "signed is not believed. Absent: whatever comes over the uplink is accepted.",
    )
    store: DirStore | S3Store = Field(
        default_factory=DirStore, discriminator="type", description="Where evidence is stored."
    )
    outbox: Outbox = Field(default_factory=Outbox, description="The durable queue of suspicions.")
    evidence: Evidence = Field(
        default_factory=Evidence, description="Which pictures go with a report."
    )
    audit: Audit = Field(
        default_factory=Audit,
        description="Sampling of what raised nothing, to measure what is missed.",
    )
    deadline_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="Without a verdict by then, a suspicion is published as `unconfirmed`.",
    )
    resend_s: float = Field(
        30.0, ge=1, le=3600, description="A report without a verdict is sent again after this."
    )
    resend_max_s: float = Field(
        900.0, ge=1, le=86_400, description="Each further time after twice as long, up to this."
    )
    backoff_max_s: float = Field(60.0, ge=1, le=3600, description="Longest wait after a failure.")
    tell_max_age_s: float = Field(
        86_400.0,
        ge=60,
        le=31_536_000,
        description="A verdict that a broker has not taken by then is given up there.",
    )
    late_s: float = Field(
        30.0,
        ge=1,
        le=86_400,
        description="Health is degraded while a report or verdict waits for longer than this.",
    )
    alert_unconfirmed: bool = Field(
        True,
        description="A threat that stays unconfirmed (no answer in time) or inconclusive (its "
        "pictures cannot be read) turns `threat` ON too.",
    )
    threat_hold_s: float = Field(30.0, ge=1, le=3600, description="`threat` stays ON this long.")


class Runtime(Section):
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


class Camera(Section):
    """What differs for one camera."""

    enabled: bool = Field(True, description="Off: its frames are rejected as `disabled`.")
    kind: Literal["auto", "stream", "snapshot"] = Field(
        "auto",
        description="stream: frames follow each other; snapshot: each picture is decided on alone.",
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
    zones: tuple[Zone, ...] = Field((), description="Zones of this camera.")
    lines: tuple[Line, ...] = Field((), description="Lines of this camera.")
    object_masks: tuple[ObjectMask, ...] = Field((), description="Where objects are ignored.")
    motion_masks: tuple[MotionMask, ...] = Field((), description="Where motion is ignored.")
    privacy_masks: tuple[PrivacyMask, ...] = Field(
        (), description="Black before anything is detected, kept or sent."
    )
    gate: Gate | None = Field(None, description="Instead of the general gate.")
    health: Health | None = Field(None, description="Instead of the general health.")
    rules: tuple[Rule, ...] | None = Field(None, description="Instead of the general rules.")

    @model_validator(mode="after")
    def _places_are_distinct(self) -> Camera:
        for key in ("zones", "lines", "object_masks", "motion_masks", "privacy_masks"):
            twice = repeated(getattr(self, key))
            if twice:
                raise ValueError(f"{key}: ids repeat: {twice}")
        ids = [rule.id for rule in self.rules or ()]
        if len(set(ids)) != len(ids):
            raise ValueError(f"rules: ids repeat: {ids}")
        return self


def _unknown_names(camera: Camera, path: str, decide: Decide) -> Iterator[str]:
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


class Config(Section):
    """All sections."""

    version: Literal[1] = Field(1, description="Version of this schema.")
    gateway: Gateway = Field(default_factory=Gateway, description="This gateway.")
    intake: Intake = Field(default_factory=Intake, description="How pictures come in.")
    gate: Gate = Field(default_factory=Gate, description="Motion gate.")
    health: Health = Field(default_factory=Health, description="Camera health.")
    detect: Detect = Field(default_factory=Detect, description="Detection.")
    decide: Decide = Field(default_factory=Decide, description="Tracking and rules.")
    deliver: Deliver = Field(default_factory=Deliver, description="Reports, evidence and verdicts.")
    self_test: SelfTest = Field(
        default_factory=SelfTest, description="Marked suspicions that test the whole way."
    )
    runtime: Runtime = Field(default_factory=Runtime, description="The process.")
    camera_defaults: Camera = Field(
        default_factory=Camera, description="For cameras that are not listed."
    )
    cameras: dict[Name, Camera] = Field(default_factory=dict, description="Listed cameras, by id.")

    @model_validator(mode="after")
    def _rules_name_known_things(self) -> Config:
        problems = [*_unknown_names(self.camera_defaults, "camera_defaults", self.decide)]
        for name, camera in self.cameras.items():
            problems += _unknown_names(camera, f"cameras.{name}", self.decide)
        if problems:
            raise ValueError("; ".join(dict.fromkeys(problems)))
        return self
