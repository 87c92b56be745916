"""What a changed configuration asks for: which parts to build anew, and what cannot change live.

PURE. `RULES` classifies every key of the schema by its longest matching path. A detector is built
beside the old one and swapped by the daemon; analysis workers take up new settings of cameras
between two frames; keys of `ReloadPart.NOTHING` are read when they are used. Connections, store and
outbox stand as long as the process does: their keys need a restart, and a file that changes one is
refused whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from edge.config.schema import EdgeConfig
from edge.errors import ConfigProblem

Word = TypeVar("Word", bound=str)


class ReloadPart(StrEnum):
    """What a changed key concerns."""

    DETECTOR = "detector"
    CAMERAS = "cameras"
    LOG = "log"
    NOTHING = "nothing"
    RESTART = "restart"


RULES: dict[str, ReloadPart] = {
    "version": ReloadPart.RESTART,
    "gateway.id": ReloadPart.RESTART,
    "intake.broker": ReloadPart.RESTART,
    "intake.topics": ReloadPart.RESTART,
    "intake.preset": ReloadPart.NOTHING,  # what it fills in has entries of its own
    "intake.discovery": ReloadPart.CAMERAS,
    "intake.max_cameras": ReloadPart.CAMERAS,
    "intake.idle_s": ReloadPart.NOTHING,
    "intake.snapshots": ReloadPart.NOTHING,
    "intake.snapshots.keep_s": ReloadPart.RESTART,
    "intake.accept_retained": ReloadPart.NOTHING,
    "intake.chunk_timeout_s": ReloadPart.NOTHING,
    "intake.limits": ReloadPart.NOTHING,
    "intake.json_paths": ReloadPart.NOTHING,
    "gate": ReloadPart.CAMERAS,
    "health": ReloadPart.CAMERAS,
    "detect": ReloadPart.DETECTOR,
    "detect.errors_in_a_row": ReloadPart.NOTHING,
    "detect.workers": ReloadPart.RESTART,
    "decide": ReloadPart.CAMERAS,
    "deliver.root": ReloadPart.RESTART,
    "deliver.uplink": ReloadPart.RESTART,
    "deliver.store": ReloadPart.RESTART,
    "deliver.outbox": ReloadPart.RESTART,
    "deliver.outbox.max_attempts": ReloadPart.NOTHING,
    "deliver.evidence": ReloadPart.CAMERAS,
    "deliver": ReloadPart.NOTHING,
    "runtime": ReloadPart.NOTHING,
    "runtime.heartbeat_s": ReloadPart.RESTART,
    "runtime.log_level": ReloadPart.LOG,
    "runtime.metrics_host": ReloadPart.RESTART,
    "runtime.metrics_port": ReloadPart.RESTART,
    "enrolment": ReloadPart.RESTART,
    "self_test": ReloadPart.NOTHING,
    "watch": ReloadPart.NOTHING,
    "home_assistant": ReloadPart.NOTHING,
    "remote": ReloadPart.NOTHING,
    "manage": ReloadPart.NOTHING,
    "profiles": ReloadPart.CAMERAS,
    "manage.root": ReloadPart.RESTART,
    "camera_defaults": ReloadPart.CAMERAS,
    "cameras": ReloadPart.CAMERAS,
}

REASONS = {
    "version": "the schema is that of the program",
    "gateway.id": "reports under way carry the old id",
    "intake.broker": "the connection stands, and people at the site read there",
    "intake.topics": "the subscriptions are made",
    "intake.snapshots.keep_s": "the session at the broker stands",
    "detect.workers": "each camera has its place on one of the threads",
    "deliver.root": "subscriptions and retained topics are under the old one",
    "deliver.uplink": "verdicts under way are coming to the old connection",
    "deliver.store": "reports under way name evidence in the old store",
    "deliver.outbox": "it is open with the old bounds",
    "deliver.outbox.path": "entries in the old folder would be left behind",
    "enrolment": "the uplink has its certificate from there",
    "manage.root": "whom to believe is decided at the start",
    "runtime.heartbeat_s": "the watchdogs are set to the old time",
    "runtime.metrics_host": "the status server is open already",
    "runtime.metrics_port": "the status server is open already",
}
"""By the key of `RULES`, or a longer one that has a reason of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`changed`: dotted keys. `rebuild` never holds `nothing` or `restart`."""

    changed: tuple[str, ...]
    rebuild: frozenset[ReloadPart]
    needs_restart: tuple[ConfigProblem, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The top-level sections that changed, in the order of the schema."""
        return tuple(dict.fromkeys(key.split(".")[0] for key in self.changed))


def plan(current: EdgeConfig, proposed: EdgeConfig) -> Plan:
    """Compares effective values; a new detector means new cameras, since these hold it."""
    changed = tuple(_differences(current.model_dump(), proposed.model_dump(), ""))
    parts = {part_of(key) for key in changed}
    if ReloadPart.DETECTOR in parts:
        parts.add(ReloadPart.CAMERAS)
    return Plan(
        changed=changed,
        rebuild=frozenset(parts - {ReloadPart.NOTHING, ReloadPart.RESTART}),
        needs_restart=tuple(_problem(key) for key in changed if part_of(key) is ReloadPart.RESTART),
    )


def part_of(key: str) -> ReloadPart:
    """The part that a dotted key belongs to."""
    return _longest(RULES, key)


def _longest(table: Mapping[str, Word], key: str) -> Word:
    """The entry of the longest path that `key` lies under."""
    steps = key.split(".")
    for length in range(len(steps), 0, -1):
        found = table.get(".".join(steps[:length]))
        if found is not None:
            return found
    raise KeyError(f"{key} is missing among {', '.join(table)}")


def _differences(old: object, new: object, path: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            key
            for name in [*old, *(name for name in new if name not in old)]
            for key in _differences(
                old.get(name, _ABSENT), new.get(name, _ABSENT), f"{path}.{name}".lstrip(".")
            )
        ]
    return [] if old == new else [path]


_ABSENT = object()


def _problem(key: str) -> ConfigProblem:
    problem = f"cannot change while running: {_longest(REASONS, key)}"
    return ConfigProblem(path=key, problem=problem, hint="restart the daemon")
