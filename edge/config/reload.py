"""What a changed configuration asks for: which parts to build anew, and what cannot change live.

PURE. `RULES` classifies every key of the schema by its longest matching path. A detector is built
beside the old one and swapped by the daemon; analysts take up new settings of cameras between two
frames; keys of `Part.NOTHING` are read when they are used. Connections, store and outbox stand as
long as the process does: their keys need a restart, and a file that changes one is refused whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from edge.config.schema import Config
from edge.errors import Complaint

Word = TypeVar("Word", bound=str)


class Part(StrEnum):
    """What a changed key concerns."""

    DETECTOR = "detector"
    CAMERAS = "cameras"
    LOG = "log"
    NOTHING = "nothing"
    RESTART = "restart"


RULES: dict[str, Part] = {
    "version": Part.RESTART,
    "gateway.id": Part.RESTART,
    "intake.broker": Part.RESTART,
    "intake.topics": Part.RESTART,
    "intake.preset": Part.NOTHING,  # what it fills in has entries of its own
    "intake.discovery": Part.CAMERAS,
    "intake.max_cameras": Part.CAMERAS,
    "intake.idle_s": Part.NOTHING,
    "intake.snapshots": Part.NOTHING,
    "intake.snapshots.keep_s": Part.RESTART,
    "intake.accept_retained": Part.NOTHING,
    "intake.chunk_timeout_s": Part.NOTHING,
    "intake.limits": Part.NOTHING,
    "intake.json_paths": Part.NOTHING,
    "gate": Part.CAMERAS,
    "health": Part.CAMERAS,
    "detect": Part.DETECTOR,
    "detect.errors_in_a_row": Part.NOTHING,
    "detect.workers": Part.RESTART,
    "decide": Part.CAMERAS,
    "deliver.root": Part.RESTART,
    "deliver.uplink": Part.RESTART,
    "deliver.store": Part.RESTART,
    "deliver.outbox": Part.RESTART,
    "deliver.outbox.max_attempts": Part.NOTHING,
    "deliver.evidence": Part.CAMERAS,
    "deliver": Part.NOTHING,
    "runtime": Part.NOTHING,
    "runtime.heartbeat_s": Part.RESTART,
    "runtime.log_level": Part.LOG,
    "runtime.metrics_host": Part.RESTART,
    "runtime.metrics_port": Part.RESTART,
    "self_test": Part.NOTHING,
    "camera_defaults": Part.CAMERAS,
    "cameras": Part.CAMERAS,
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
    "runtime.heartbeat_s": "the watchdogs are set to the old time",
    "runtime.metrics_host": "the status server is open already",
    "runtime.metrics_port": "the status server is open already",
}
"""By the key of `RULES`, or a longer one that has a reason of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`changed`: dotted keys. `rebuild` never holds `nothing` or `restart`."""

    changed: tuple[str, ...]
    rebuild: frozenset[Part]
    needs_restart: tuple[Complaint, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The top-level sections that changed, in the order of the schema."""
        return tuple(dict.fromkeys(key.split(".")[0] for key in self.changed))


def plan(current: Config, proposed: Config) -> Plan:
    """Compares effective values; a new detector means new cameras, since these hold it."""
    changed = tuple(_differences(current.model_dump(), proposed.model_dump(), ""))
    parts = {part_of(key) for key in changed}
    if Part.DETECTOR in parts:
        parts.add(Part.CAMERAS)
    return Plan(
        changed=changed,
        rebuild=frozenset(parts - {Part.NOTHING, Part.RESTART}),
        needs_restart=tuple(_complaint(key) for key in changed if part_of(key) is Part.RESTART),
    )


def part_of(key: str) -> Part:
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


def _complaint(key: str) -> Complaint:
    problem = f"cannot change while running: {_longest(REASONS, key)}"
    return Complaint(path=key, problem=problem, hint="restart the daemon")
