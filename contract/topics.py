"""The MQTT topic grammar.

PURE. One place that knows how topics are spelled; everything else asks for a topic by meaning.
`ImageTemplate` is the site's own spelling of where cameras publish, with `{camera}` for the id.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar, get_args

from contract.ids import CameraId, GatewayId, id_of, is_name

DEFAULT_ROOT = "stillwatch"

GatewayLeaf = Literal["status", "info", "stats", "health", "watch"]
CameraLeaf = Literal["status", "health", "suspect", "suspicion", "verdict", "threat", "image"]
Verb = Literal["self-test", "snapshot", "diagnostics", "explain", "restart"]
Presence = Literal["online", "stopped", "offline"]
"""The retained `status` of a gateway or bridge; `offline` is the last will."""
Setting = Literal["armed", "enabled"]
"""A switch of a camera: its command comes on `<setting>/set`, its position said on
`<setting>/state`, both ON or OFF, as Home Assistant has it."""

LiveSetting = Literal["min_score", "threshold", "on_test", "profile"]
"""What else is set from afar like a switch; `profile` of the site only, `on_test` of either."""

SITE = CameraId("_site")
"""Stands where a camera's id would, in settings of the whole site."""

UpdateKind = Literal["config", "model"]
"""What can be ordered from afar."""

UpdateLeaf = Literal["desired", "reported", "rejected"]
"""What is ordered from afar, what the gateway says of it, and why it refused."""


Word = TypeVar("Word", bound=str)


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

    def of_update(self, kind: UpdateKind, leaf: UpdateLeaf) -> str:
        """Orders of a configuration or model to this gateway, and its answers."""
        return f"{self.root}/{self.gateway}/{kind}/{leaf}"

    def of_trust(self) -> str:
        """Where the chain of roots of trust comes (`contract.rotation`)."""
        return f"{self.root}/{self.gateway}/trust/desired"

    def of_watch_kept(self) -> str:
        """Where the cloud says which entry of the proof of watch it keeps."""
        return f"{self.root}/{self.gateway}/watch/kept"

    def all_cameras(self, leaf: CameraLeaf) -> str:
        """Subscription filter for `leaf` of every camera of this gateway."""
        return f"{self.root}/{self.gateway}/+/{leaf}"

    def of_setting(
        self, camera: CameraId, setting: Setting | LiveSetting, leaf: Literal["set", "state"]
    ) -> str:
        return f"{self.root}/{self.gateway}/{camera}/{setting}/{leaf}"

    def all_settings(self, setting: Setting | LiveSetting) -> str:
        """Subscription filter for the commands to a switch of every camera of this gateway."""
        return f"{self.root}/{self.gateway}/+/{setting}/set"

    def setting_of(self, topic: str) -> tuple[CameraId, Setting] | None:
        """Which switch a command is for; None if `topic` is no command of this gateway."""
        return self._command(topic, get_args(Setting))

    def live_setting_of(self, topic: str) -> tuple[CameraId, LiveSetting] | None:
        """The same for the other settings; the camera may be `SITE`."""
        return self._command(topic, get_args(LiveSetting))

    def _command(self, topic: str, settings: tuple[Word, ...]) -> tuple[CameraId, Word] | None:
        prefix = f"{self.root}/{self.gateway}/"
        parts = topic[len(prefix) :].split("/") if topic.startswith(prefix) else []
        for setting in settings:
            if parts[1:] == [setting, "set"] and is_name(parts[0]):
                return CameraId(parts[0]), setting
        return None


def all_gateways(leaf: GatewayLeaf, root: str = DEFAULT_ROOT) -> str:
    """Subscription filter for `leaf` of every gateway."""
    return f"{root}/+/{leaf}"


def every_camera(leaf: CameraLeaf, root: str = DEFAULT_ROOT) -> str:
    """Subscription filter for `leaf` of every camera of every gateway."""
    return f"{root}/+/+/{leaf}"


def fleet_gaps(root: str = DEFAULT_ROOT) -> str:
    """Below it somebody who watches the fleet says who is silent: `/<gateway>`, and for a camera
    `/<gateway>/<camera>`."""
    return f"{root}-fleet/gap"


def all_updates(kind: UpdateKind, leaf: UpdateLeaf, root: str = DEFAULT_ROOT) -> str:
    """Subscription filter for orders or answers of every gateway."""
    return f"{root}/+/{kind}/{leaf}"


def gateway_of(topic: str, root: str = DEFAULT_ROOT) -> tuple[GatewayId, str] | None:
    """The gateway of a topic and what stands behind it, such as `config/reported`; None if it is
    spelled otherwise."""
    gateway, _, rest = topic.removeprefix(f"{root}/").partition("/")
    if not topic.startswith(f"{root}/") or not is_name(gateway) or not rest:
        return None
    return GatewayId(gateway), rest


def shared_watches(root: str = DEFAULT_ROOT, group: str = "confirm") -> str:
    """The shared subscription over which cloud workers divide all entries of proofs of watch."""
    return f"$share/{group}/{root}/+/watch"


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


def is_ours(topic: str, root: str = DEFAULT_ROOT) -> bool:
    """Whether a gateway publishes there of a camera, such as the picture of an alarm."""
    found = parse_camera_topic(topic, root)
    return found is not None and found.leaf in get_args(CameraLeaf)


LONGEST_TEMPLATE = 1024
"""Characters; MQTT ends at 65,535 bytes, and a broker cuts the connection for more."""

_CAMERA = "{camera}"


@dataclass(frozen=True, slots=True)
class ImageTemplate:
    """Topics of pictures: `{camera}` as one whole level where the camera's name stands, such as
    `cameras/{camera}/image`; `+` and a last `#` for levels that do not matter.

    Without `{camera}` the topic is of one camera, or of several that name themselves otherwise.
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_TEMPLATE or not self.text.isprintable():
            raise ValueError(
                f"topic template {self.text[:80]!r} has {len(self.text)} characters: at most "
                f"{LONGEST_TEMPLATE}, and printable ones"
            )
        levels = self.text.split("/")
        if levels[0] == "$share":
            raise ValueError(
                f"topic template {self.text!r} is a shared subscription: two gateways would get "
                "every other picture; give the topic behind $share/<group>/"
            )
        odd = [one for one in levels if _CAMERA in one and one != _CAMERA]
        if odd or levels.count(_CAMERA) > 1 or not self.text:
            raise ValueError(f"topic template {self.text!r} needs {_CAMERA} as one whole level")
        partial = [one for one in levels if ("+" in one and one != "+") or "#" in one[:-1]]
        if partial or "#" in levels[:-1] or (levels[-1].endswith("#") and levels[-1] != "#"):
            raise ValueError(
                f"topic template {self.text!r}: + stands for a whole level, # for the last ones"
            )

    @property
    def names_camera(self) -> bool:
        """Whether the camera's name is in the topic."""
        return _CAMERA in self.text.split("/")

    @property
    def plain(self) -> bool:
        """Whether somebody can publish there: no wildcards."""
        return not {"+", "#"} & set(self.text.split("/"))

    @property
    def subscription(self) -> str:
        """The filter that finds every camera of the template."""
        return self.text.replace(_CAMERA, "+")

    def fits(self, topic: str) -> bool:
        """Whether a topic is one of the template's."""
        return self._match(topic) is not None

    def camera_of(self, topic: str) -> CameraId | None:
        """The camera that published on `topic`, None if it does not fit or names none."""
        given = self.name_in(topic)
        name = id_of(given) if given is not None else None
        return CameraId(name) if name else None

    def name_in(self, topic: str) -> str | None:
        """The camera's name as the topic spells it, None if it does not fit or names none."""
        match = self._match(topic)
        return match["camera"] if match and self.names_camera else None

    def topic_of(self, camera: CameraId) -> str:
        """Where `camera` publishes; a filter, if the template has wildcards."""
        return self.text.replace(_CAMERA, camera)

    def _match(self, topic: str) -> re.Match[str] | None:
        return _pattern(self.text).fullmatch(topic)


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    """Kept, as every picture's topic is held against the templates of all cameras."""
    levels = template.split("/")
    tail = levels.pop() if levels[-1] == "#" else None
    parts = {_CAMERA: "(?P<camera>[^/]+)", "+": "[^/]*"}
    pattern = "/".join(parts.get(level, re.escape(level)) for level in levels)
    if tail is not None:
        pattern = f"{pattern}(?:/.*)?" if levels else ".*"
    return re.compile(pattern, re.DOTALL)
