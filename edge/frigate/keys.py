"""What each key of Frigate's configuration becomes here: translated, or a remark why not.

PURE. A pattern is a dotted path with `*` for any name, as it stands below a camera or, for all
cameras, at the top. What no pattern knows gets a remark as well, so that nothing is passed over in
silence. Format: Frigate's reference configuration, versions 0.8 to 0.17. Called by `translate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.frigate.document import Notes, Path

UNKNOWN = "unknown key, passed over"

_SCORES = (
    "scores of another network say nothing here: the rule keeps our defaults; "
    "`replay` on a recording of yours says whether they fit"
)
_FRAMES = "the tracker here counts in seconds: decide.tracking"
_GATE = "the motion gate here is another one, and its defaults are the place to begin: gate"
_FFMPEG = "stillwatch-bridge decodes by itself, without options of FFmpeg"
_SPEED = "no speed is estimated here"
_UI = "there is no user interface here"
_RECORD = "nothing is recorded here: keep a recorder beside it"
_SOUND = "no sound is listened to here"

_AREAS = ("min_area", "max_area", "min_ratio", "max_ratio")

TRANSLATED = (
    "enabled",
    "detect.enabled",
    "detect.width",
    "detect.height",
    "detect.fps",
    "width",
    "height",
    "fps",
    "mask",
    "objects.track",
    "objects.mask",
    "objects.filters.*.mask",
    *(f"objects.filters.*.{key}" for key in _AREAS),
    "motion.mask",
    "review.alerts.enabled",
    "review.alerts.labels",
    "review.alerts.required_zones",
    "record.events.required_zones",
    "clips.required_zones",
    "zones.*.coordinates",
    "zones.*.inertia",
    "zones.*.loitering_time",
    "zones.*.objects",
    "zones.*.enabled",
    *(f"zones.*.filters.*.{key}" for key in _AREAS),
    "ffmpeg.inputs",
    "ffmpeg.input",
)

NO_EQUIVALENT: Mapping[str, str] = {
    "friendly_name": "an id is the only name here",
    "type": "every camera is watched for people and vehicles",
    "detect.min_initialized": _FRAMES,
    "detect.max_disappeared": _FRAMES,
    "detect.stationary": "what stands is remembered by its look: see decide in docs/config.md",
    "detect.annotation_offset": _RECORD,
    "objects.genai": "no text is written about pictures here",
    "objects.filters.*.min_score": _SCORES,
    "objects.filters.*.threshold": _SCORES,
    "zones.*.filters.*.min_score": _SCORES,
    "zones.*.filters.*.threshold": _SCORES,
    "zones.*.friendly_name": "an id is the only name here",
    "zones.*.distances": _SPEED,
    "zones.*.speed_threshold": _SPEED,
    "motion.*": _GATE,
    "review.alerts.cutoff_time": "similar suspicions are merged by another measure here",
    "review.detections": "only what would be an alert raises something: add a rule for the rest",
    "review.genai": "no text is written about pictures here",
    "ffmpeg.*": _FFMPEG,
    "record": _RECORD,
    "record.*": _RECORD,
    "record.events.*": _RECORD,
    "clips": _RECORD,
    "save_clips": _RECORD,
    "snapshots": "the pictures of a suspicion are chosen by deliver.evidence",
    "audio": _SOUND,
    "audio_transcription": _SOUND,
    "face_recognition": "no faces are recognised here, by intent",
    "lpr": "no number plates are read here, by intent",
    "semantic_search": "there is no search over pictures here",
    "genai": "no text is written about pictures here",
    "classification": "own networks come in by detect.model: docs/howto/add-a-model.md",
    "notifications": "see docs/howto/get-notified.md",
    "onvif": "cameras are not moved here",
    "birdseye": _UI,
    "live": _UI,
    "ui": _UI,
    "webui_url": _UI,
    "timestamp_style": _UI,
    "best_image_timeout": "the pictures of a suspicion are chosen by deliver.evidence",
    "rtmp": "nothing is streamed on here: cameras, or go2rtc, serve other viewers",
    "restream": "nothing is streamed on here: cameras, or go2rtc, serve other viewers",
    "mqtt": "suspicions and verdicts have topics of their own: docs/mqtt.md",
    "profiles": "one set of rules holds; for hours of the day see decide.schedules",
}

INHERITED = ("detect", "ffmpeg", "motion", "objects", "record", "review")
"""Sections that hold for every camera where it does not say otherwise."""

GENERAL_TRANSLATED = (
    *(one for one in TRANSLATED if one.split(".")[0] in INHERITED),
    "cameras",
    "environment_vars",
    "go2rtc.streams",
    "mqtt.host",
    "mqtt.port",
    "mqtt.user",
    "mqtt.password",
    "mqtt.tls_ca_certs",
    "mqtt.tls_client_cert",
    "mqtt.tls_client_key",
    "mqtt.enabled",
)

GENERAL_NO_EQUIVALENT: Mapping[str, str] = {
    "version": "the version of Frigate's format",
    "mqtt.*": "our connection has settings of its own: intake.broker",
    "detectors": "the network and its runtime are chosen by detect.model and detect.runtime",
    "model": "own networks come in by detect.model: docs/howto/add-a-model.md",
    "database": "suspicions wait in deliver.outbox",
    "logger": "see runtime.log_level",
    "go2rtc.*": "go2rtc is no part of this: let it run beside it if you need it",
    "telemetry": "see docs/metrics.md",
    "tls": _UI,
    "auth": _UI,
    "proxy": _UI,
    "networking": _UI,
    "camera_groups": _UI,
    "safe_mode": _UI,
    "zones": "before version 0.7 zones stood here: move each below its camera, and import again",
}


def explain_cameras_keys(data: object, path: Path, notes: Notes) -> None:
    """Remarks about a camera's keys; `path` leads to it."""
    _explain(data, path, (), TRANSLATED, NO_EQUIVALENT, notes)


def explain_general_keys(data: object, notes: Notes) -> None:
    """Remarks about everything that is not below `cameras`."""
    cameras_own = ("mqtt", "zones.")  # at the top they are the broker, and an old form
    inherited = {key: one for key, one in NO_EQUIVALENT.items() if not key.startswith(cameras_own)}
    reasons = {**inherited, **GENERAL_NO_EQUIVALENT}
    _explain(data, (), (), GENERAL_TRANSLATED, reasons, notes)


def _explain(
    data: object,
    base: Path,
    below: Path,
    translated: tuple[str, ...],
    reasons: Mapping[str, str],
    notes: Notes,
) -> None:
    if not isinstance(data, dict):
        return
    known = (*translated, *reasons)
    for key, value in data.items():
        path = (*below, str(key))
        if any(_fits(path, one) for one in translated):
            continue
        deeper = any(_begins(path, one) for one in known)
        if deeper and isinstance(value, dict | None):
            _explain(value, base, path, translated, reasons, notes)
            continue
        reason = next(_reasons(path, reasons), UNKNOWN)
        notes.remark((*base, *path), reason)


def _reasons(path: Path, reasons: Mapping[str, str]) -> Iterator[str]:
    """The most special pattern first."""
    for pattern in sorted(reasons, key=lambda one: one.count("*")):
        if _fits(path, pattern):
            yield reasons[pattern]


def _fits(path: Path, pattern: str) -> bool:
    steps = pattern.split(".")
    return len(steps) == len(path) and _begins(path, pattern, len(steps))


def _begins(path: Path, pattern: str, most: int | None = None) -> bool:
    """Whether `path` is the beginning of a longer `pattern`, or with `most` the whole of it."""
    steps = pattern.split(".")
    if most is None and len(steps) <= len(path):
        return False
    return all(step in ("*", one) for step, one in zip(steps, path, strict=False))
