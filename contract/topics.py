"""The MQTT topic grammar.

PURE. One place that knows how topics are spelled; everything else asks for a topic by meaning.
`ImageTemplate` is the site's own spelling of where cameras publish, with `{camera}` for the id.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from contract.ids import CameraId, GatewayId, is_name

DEFAULT_ROOT = "stillwatch"

GatewayLeaf = Literal["status", "info", "stats", "health"]
CameraLeaf = Literal["status", "health", "suspect", "verdict", "threat", "image"]
Verb = Literal["self-test"]
Presence = Literal["online", "stopped", "offline"]
"""The retained `status` of a gateway or bridge; `offline` is the last will."""
Setting = Literal["armed", "enabled"]
"""A switch of a camera: its command is told on `<setting>/set`, its position said on
`<setting>/state`, both ON or OFF, as Home Assistant has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one gateway under one root."""

    gateway: GatewayId
    root: str = DEFAULT_ROOT

    def of_gateway(self, leaf: GatewayLeaf) -> str:
        return f"{self.root}/{self.gateway}/{leaf}"

    def of_camera(self, camera: CameraId, leaf: CameraLeaf) -> str:
        return f"{self.root}/{self.gateway}/{camera}/{leaf}"

    def of_request(self, verb: Verb, leaf: Literal["request", "response"]) -> str:
        """Where somebody asks this gateway to do something, and where it answers."""
        return f"{self.root}/{self.gateway}/{leaf}/{verb}"

    def all_cameras(self, leaf: CameraLeaf) -> str:
        """Subscription filter for `leaf` of every camera of this gateway."""
        return f"{self.root}/{self.gateway}/+/{leaf}"

    def of_setting(self, camera: CameraId, setting: Setting, leaf: Literal["set", "state"]) -> str:
        return f"{self.root}/{self.gateway}/{camera}/{setting}/{leaf}"

    def all_settings(self, setting: Setting) -> str:
        """Subscription filter for the commands to a switch of every camera of this gateway."""
        return f"{self.root}/{self.gateway}/+/{setting}/set"

    def setting_of(self, topic: str) -> tuple[CameraId, Setting] | None:
        """Which switch a command is for; None if `topic` is no command of this gateway."""
        prefix = f"{self.root}/{self.gateway}/"
        parts = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
        for setting in get_args(Setting):
            if parts[1:] == [setting, "set"] and is_name(parts[0]):
                return CameraId(parts[0]), setting
        return None


def shared_suspects(root: str = DEFAULT_ROOT, group: str = "confirm") -> str:
    """The shared subscription over which cloud workers divide all reports."""
    return f"$share/{group}/{root}/+/+/suspect"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTopic:
    """Where a message of a camera was published, taken apart."""

    gateway: GatewayId
    camera: CameraId
    leaf: str


def parse_camera_topic(topic: str, root: str = DEFAULT_ROOT) -> CameraTopic | None:
    """`<root>/<gw>/<cam>/<leaf>` taken apart, or None if it is spelled otherwise."""
    prefix = f"{root}/"
    parts = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
    if len(parts) != 3 or not (is_name(parts[0]) and is_name(parts[1])):
        return None
    return CameraTopic(gateway=GatewayId(parts[0]), camera=CameraId(parts[1]), leaf=parts[2])


@dataclass(frozen=True, slots=True)
class ImageTemplate:
    """A topic with `{camera}` as one whole level, such as `cameras/{camera}/image`."""

    text: str

    def __post_init__(self) -> None:
        levels = self.text.split("/")
        if levels[0] == "$share":
            raise ValueError(
                f"topic template {self.text!r} is a shared subscription: two gateways would get "
                "every other picture; give the topic behind $share/<group>/"
            )
        if levels.count("{camera}") != 1 or any("#" in part or "+" in part for part in levels):
            raise ValueError(
                f"topic template {self.text!r} needs {{camera}} as exactly one whole level "
                "and no wildcards"
            )

    @property
    def subscription(self) -> str:
        """The filter that finds every camera of the template."""
        return self.text.replace("{camera}", "+")

    def camera_of(self, topic: str) -> CameraId | None:
        """The camera that published on `topic`, None if it does not fit or the id is invalid."""
        pattern = re.escape(self.text).replace(r"\{camera\}", "([^/]+)")
        match = re.fullmatch(pattern, topic)
        return CameraId(match[1]) if match and is_name(match[1]) else None

    def topic_of(self, camera: CameraId) -> str:
        """Where `camera` publishes."""
        return self.text.replace("{camera}", camera)
