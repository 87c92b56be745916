"""What a changed configuration asks for: which parts to build anew, and what cannot change live.

PURE. `RULES` classifies every key of the schema by its longest matching path. Parts are built
beside the old ones and swapped by the daemon; keys of `Part.NOTHING` are read when they are used.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge.config.schema import Config
from edge.errors import Complaint


class Part(StrEnum):
    """What the daemon builds from the configuration."""

    DETECTOR = "detector"
    CAMERAS = "cameras"
    LINKS = "links"
    STORE = "store"
    OUTBOX = "outbox"
    NOTHING = "nothing"
    RESTART = "restart"


RULES: dict[str, Part] = {
    "version": Part.RESTART,
    "gateway.id": Part.RESTART,
    "intake.broker": Part.LINKS,
    "intake.topics": Part.LINKS,
    "intake.discovery": Part.CAMERAS,
    "intake.max_cameras": Part.CAMERAS,
    "intake.accept_retained": Part.NOTHING,
    "intake.chunk_timeout_s": Part.NOTHING,
    "intake.limits": Part.NOTHING,
    "intake.json_paths": Part.NOTHING,
    "gate": Part.CAMERAS,
    "detect": Part.DETECTOR,
    "detect.errors_in_a_row": Part.NOTHING,
    "decide": Part.CAMERAS,
    "deliver.root": Part.LINKS,
    "deliver.uplink": Part.LINKS,
    "deliver.store": Part.STORE,
    "deliver.outbox": Part.OUTBOX,
    "deliver.outbox.path": Part.RESTART,
    "deliver.evidence": Part.CAMERAS,
    "deliver": Part.NOTHING,
    "runtime": Part.NOTHING,
    "runtime.metrics_host": Part.RESTART,
    "runtime.metrics_port": Part.RESTART,
    "camera_defaults": Part.CAMERAS,
    "cameras": Part.CAMERAS,
}

REASONS = {
    "version": "the schema is that of the program",
    "gateway.id": "reports under way carry the old id",
    "deliver.outbox.path": "entries in the old folder would be left behind",
    "runtime.metrics_host": "the status server is open already",
    "runtime.metrics_port": "the status server is open already",
}


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
    steps = key.split(".")
    for length in range(len(steps), 0, -1):
        part = RULES.get(".".join(steps[:length]))
        if part is not None:
            return part
    raise KeyError(f"{key} is missing in RULES")


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
    problem = f"cannot change while running: {REASONS[key]}"
    return Complaint(path=key, problem=problem, hint="restart the daemon")
