"""The stages that can be switched, and a configuration with one of them the other way round.

PURE. A switch is one line: its name, the key's path in the configuration (`*` stands for each entry
of a list), and its value when on and when off. Called by `ablation`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import BaseModel

from edge.config.load import KeyPath, Loaded, digest
from edge.config.schema import EdgeConfig


@dataclass(frozen=True, slots=True)
class Switch:
    """A stage: its name, the path of its key, and that key's values."""

    name: str
    path: str
    on: object = True
    off: object = False

    def steps(self) -> KeyPath:
        return tuple(self.path.split("."))


SWITCHES = (
    Switch("gate", "gate.enabled"),
    Switch(
        "gate's nuisances",
        "gate.ignore",
        ("camera_jitter", "ghost", "light", "dynamic_background", "brief"),
        (),
    ),
    Switch("regions", "detect.regions.enabled"),
    Switch("pixel aspect", "camera_defaults.pixel_aspect", "auto", 1.0),
    Switch("vehicle sum", "detect.vehicle_sum"),
    Switch("votes", "decide.rules.*.threshold", None, 0.0),
    Switch("motion verification", "decide.rules.*.must_move"),
    Switch("static objects", "decide.static_objects.enabled"),
    Switch("deduplication", "decide.deduplication.enabled"),
    Switch("reduced evidence", "deliver.evidence.whole", "reduced", "full"),
)
"""Votes are off when the first detection over `min_score` will do; on, they are as configured
(None). The cloud is no switch: every row has both, the edge alone and after the cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A configuration to try, under a name."""

    name: str
    loaded: Loaded


def without_each(loaded: Loaded) -> Iterator[Variant]:
    """As configured, and then each stage the other way round: without it where it is on, with it
    where it is off. Keys that this version does not have are left out."""
    yield Variant(name="as configured", loaded=loaded)
    for switch in known(loaded.config):
        if is_off(loaded.config, switch):
            if switch.on is not None:
                yield Variant(name=f"with {switch.name}", loaded=_set(loaded, switch, switch.on))
        else:
            yield Variant(name=f"without {switch.name}", loaded=_set(loaded, switch, switch.off))


def each_alone(loaded: Loaded) -> Iterator[Variant]:
    """Every stage off, and then each by itself, as configured or, where it is off, on."""
    bare = loaded
    for switch in known(loaded.config):
        bare = _set(bare, switch, switch.off)
    yield Variant(name="nothing", loaded=bare)
    for switch in known(loaded.config):
        others = loaded
        if is_off(loaded.config, switch) and switch.on is not None:
            others = _set(loaded, switch, switch.on)
        for other in known(loaded.config):
            if other is not switch:
                others = _set(others, other, other.off)
        yield Variant(name=f"{switch.name} alone", loaded=others)


def known(config: EdgeConfig) -> tuple[Switch, ...]:
    """The switches whose keys this version has."""
    return tuple(switch for switch in SWITCHES if list(values(config, switch.steps())))


def is_off(config: EdgeConfig, switch: Switch) -> bool:
    """Whether the stage is switched off, in every entry of a list."""
    return all(value == switch.off for value in values(config, switch.steps()))


def values(section: object, steps: KeyPath) -> Iterator[object]:
    """What stands at the path; nothing where it leads nowhere."""
    if not steps:
        yield section
    elif steps[0] == "*" and isinstance(section, tuple):
        for entry in section:
            yield from values(entry, steps[1:])
    elif isinstance(section, BaseModel) and steps[0] in type(section).model_fields:
        yield from values(getattr(section, steps[0]), steps[1:])


def changed(section: object, steps: KeyPath, value: object) -> object:
    """The section with `value` at the path, which must exist."""
    if not steps:
        return value
    if steps[0] == "*" and isinstance(section, tuple):
        return tuple(changed(entry, steps[1:], value) for entry in section)
    if not isinstance(section, BaseModel):
        raise KeyError(steps[0])
    inner = changed(getattr(section, steps[0]), steps[1:], value)
    return section.model_copy(update={steps[0]: inner})


def _set(loaded: Loaded, switch: Switch, value: object) -> Loaded:
    config = EdgeConfig.model_validate(changed(loaded.config, switch.steps(), value))
    return replace(loaded, config=config, sha256=digest(config))
