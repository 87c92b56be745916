"""What travels on each topic: a row for each that `contract.topics` has.

A topic that `contract.topics` gains and that has no row here fails the tests. Called by `mqtt`.
"""

from dataclasses import dataclass
from typing import get_args

from contract.evidence_request import EVIDENCE_REQUEST_TYPE
from contract.ids import CameraId, GatewayId
from contract.operator_outcome import OPERATOR_OUTCOME_TYPE
from contract.report import REPORT_TYPE
from contract.topics import (
    SITE,
    CameraLeaf,
    GatewayLeaf,
    LiveSetting,
    Presence,
    Setting,
    Topics,
    UpdateKind,
    UpdateLeaf,
    Verb,
    fleet_gaps,
)
from contract.verdict import VERDICT_TYPE
from edge.config.schema import IntakeConfig
from edge.health.camera_conditions import CameraStatus

CAMERA = CameraId("<camera>")
TOPICS = Topics(gateway=GatewayId("<gateway>"), root="<root>")
INFO_KEYS = (
    *("version", "arch", "boot_id", "config_version", "config_sha256"),
    *("model", "model_sha256", "schema", "groups", "update_version"),
    *("update_digest", "model_update_version", "model_update_digest"),
    *("update_shadow", "model_update_shadow"),
    *("update_ordered", "update_state", "update_reason"),
    *("model_update_ordered", "model_update_state", "model_update_reason"),
    "watch_key",
)
STATS_KEYS = ("at", "cameras", "outbox", "audit", "clocksync", "rss_bytes", "oldest_report_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRow:
    """What is published on a topic; `by`: who publishes."""

    by: str
    qos: int
    retained: bool
    payload: str


def _words(literal: object) -> str:
    return ", ".join(f"`{word}`" for word in get_args(literal))


def _keys(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_OF_GATEWAY: dict[GatewayLeaf, TopicRow] = {
    "status": TopicRow(
        by="edge", qos=1, retained=True, payload=f"{_words(Presence)}; `offline` is the last will"
    ),
    "info": TopicRow(by="edge", qos=1, retained=True, payload=f"JSON: {_keys(INFO_KEYS)}"),
    "stats": TopicRow(
        by="edge",
        qos=0,
        retained=True,
        payload=f"JSON, every `runtime.stats_s` if it changed, and every 5 minutes: "
        f"{_keys(STATS_KEYS)}, `destinations` and others",
    ),
    "health": TopicRow(by="edge", qos=1, retained=True, payload="JSON, see below"),
    "watch": TopicRow(
        by="edge",
        qos=1,
        retained=True,
        payload="an entry of the proof of watch in its envelope, see below: at the cloud's broker "
        "each until it is kept, at the site's the newest",
    ),
}
_KEPT = TopicRow(
    by="cloud", qos=1, retained=False, payload="JSON: the entry that the cloud keeps, see below"
)
_OF_CAMERA: dict[CameraLeaf, TopicRow] = {
    "status": TopicRow(by="edge", qos=1, retained=True, payload=_words(CameraStatus)),
    "health": TopicRow(by="edge", qos=1, retained=True, payload="JSON, see below"),
    "suspect": TopicRow(by="edge", qos=1, retained=False, payload=f"CloudEvent `{REPORT_TYPE}`"),
    "verdict": TopicRow(
        by="cloud, edge",
        qos=1,
        retained=False,
        payload=f"CloudEvent `{VERDICT_TYPE}`; from the cloud also `{EVIDENCE_REQUEST_TYPE}` "
        f"and `{OPERATOR_OUTCOME_TYPE}`",
    ),
    "threat": TopicRow(
        by="edge", qos=1, retained=True, payload="`ON` while a threat is current, else `OFF`"
    ),
    "suspicion": TopicRow(
        by="edge",
        qos=1,
        retained=False,
        payload="with `home_assistant.enabled`: JSON, at once when something is suspected, before "
        "it is decided: `event_type` (`suspicion`), `report_id`, `label`, `severity`, `score`, "
        "`zones`, `rule`, `reasons`, `raised_at`",
    ),
    "image": TopicRow(
        by="edge",
        qos=1,
        retained=True,
        payload="with `home_assistant.image`: the last evidence as JPEG, box drawn in, privacy "
        "masks black",
    ),
}
_OF_SETTING: dict[Setting, TopicRow] = {
    "armed": TopicRow(
        by="you", qos=1, retained=False, payload="`ON`; `OFF`: it is watched and raises nothing"
    ),
    "enabled": TopicRow(by="you", qos=1, retained=False, payload="`ON`; `OFF`: it is not watched"),
}


def _asked(what: str) -> TopicRow:
    """A request that the configuration must allow."""
    said = f"JSON with {what}; " if what else "empty, or JSON; "
    return TopicRow(
        by="you", qos=1, retained=False, payload=f"{said}`transaction`, `by`; see `remote.allow`"
    )


_OF_LIVE: dict[LiveSetting, TopicRow] = {
    "min_score": TopicRow(
        by="you",
        qos=1,
        retained=False,
        payload="number 0.05 to 0.95, instead of every rule's `min_score` for this camera; "
        "`default`; or JSON with `value` and `by`, as in the next three",
    ),
    "threshold": TopicRow(
        by="you",
        qos=1,
        retained=False,
        payload="the same instead of `threshold` and `snapshot_threshold`",
    ),
    "on_test": TopicRow(
        by="you",
        qos=1,
        retained=False,
        payload="minutes up to 480, `ON` (30) or `OFF`: alarms are marked `test` meanwhile and "
        "switch no `threat`; also `_site`, for all cameras",
    ),
    "profile": TopicRow(
        by="you", qos=1, retained=False, payload="name of one of `profiles`, or `none`"
    ),
}
_OF_VERB: dict[Verb, TopicRow] = {
    "self-test": TopicRow(
        by="you",
        qos=1,
        retained=False,
        payload="empty, or JSON with `transaction`, `by` and `timeout_s`, all optional",
    ),
    "snapshot": _asked("`camera`, and `width_px` if less than `remote.snapshot_px` will do"),
    "diagnostics": _asked(""),
    "explain": _asked("`report_id`"),
    "restart": _asked(""),
}
_ROOTS = TopicRow(
    by="cloud", qos=1, retained=True, payload="the chain of signed roots of trust, see below"
)
_OF_UPDATE: dict[UpdateLeaf, TopicRow] = {
    "desired": TopicRow(
        by="cloud", qos=1, retained=True, payload="a signed order in its envelope, see below"
    ),
    "reported": TopicRow(
        by="edge", qos=1, retained=True, payload="JSON: how far it is with it, see below"
    ),
    "rejected": TopicRow(
        by="edge",
        qos=1,
        retained=True,
        payload="JSON likewise: why it refused the last one; emptied when there is a newer one",
    ),
}
_PICTURE = TopicRow(
    by="cameras",
    qos=0,
    retained=False,
    payload="a picture, see [connect a camera](howto/connect-a-camera.md)",
)
_GAP = TopicRow(
    by="`fleet watch`",
    qos=1,
    retained=True,
    payload="JSON: `gateway`, `camera`, `reason` (`offline`, `stopped`, `stale`), `begin`, "
    "`end` and `seconds`, which are null while it lasts",
)
_STATE = TopicRow(by="edge", qos=1, retained=True, payload="`ON` or `OFF`")
_LIVE_STATE = TopicRow(
    by="edge", qos=1, retained=True, payload="what holds: of several rules, the first one's"
)
_RESPONSE = TopicRow(
    by="edge",
    qos=1,
    retained=False,
    payload="JSON: `status` (`ok`, `error`), `data` (what was asked for), `error`, `transaction`",
)


def rows() -> dict[str, TopicRow]:
    """What travels on each topic."""
    found = {IntakeConfig().topics[0].replace("{camera}", CAMERA): _PICTURE}
    found |= {TOPICS.of_gateway(leaf): _OF_GATEWAY[leaf] for leaf in get_args(GatewayLeaf)}
    found |= {TOPICS.of_camera(CAMERA, leaf): _OF_CAMERA[leaf] for leaf in get_args(CameraLeaf)}
    for one in get_args(Setting):
        found[TOPICS.of_setting(CAMERA, one, "set")] = _OF_SETTING[one]
        found[TOPICS.of_setting(CAMERA, one, "state")] = _STATE
    for live in get_args(LiveSetting):
        whose = SITE if live == "profile" else CAMERA
        found[TOPICS.of_setting(whose, live, "set")] = _OF_LIVE[live]
        found[TOPICS.of_setting(whose, live, "state")] = _LIVE_STATE
    for verb in get_args(Verb):
        found[TOPICS.of_request(verb, "request")] = _OF_VERB[verb]
        found[TOPICS.of_request(verb, "response")] = _RESPONSE
    for kind in get_args(UpdateKind):
        for leaf in get_args(UpdateLeaf):
            found[TOPICS.of_update(kind, leaf)] = _OF_UPDATE[leaf]
    for subject in ("<gateway>", "<gateway>/<camera>"):
        found[f"{fleet_gaps('<root>')}/{subject}"] = _GAP
    return found | {TOPICS.of_trust(): _ROOTS, TOPICS.of_watch_kept(): _KEPT}
