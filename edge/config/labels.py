"""Class names in rules and masks, held against those of the model that is configured.

SHELL: reads the model's manifest. A name that the model never says would be a rule that never
fires. A manifest that cannot be read is refused by whoever opens the model. The default
rules are not asked: they serve models of fewer classes too. Called by `load`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from edge.config.schema import DEFAULT_RULES, CameraConfig, EdgeConfig, RuleConfig
from edge.errors import ConfigProblem
from imaging.manifest import ModelError, find_model, read_manifest


def unknown_labels(config: EdgeConfig) -> tuple[ConfigProblem, ...]:
    """A problem for each class that the model does not know."""
    try:
        known = read_manifest(find_model(config.detect.model)).labels
    except (ModelError, OSError):
        return ()
    return tuple(
        _problem(path, label, known, config.detect.model)
        for path, labels in _named(config)
        for label in labels
        if label not in known
    )


def _named(config: EdgeConfig) -> Iterator[tuple[str, tuple[str, ...]]]:
    if config.decide.rules != DEFAULT_RULES:
        yield from _of_rules(config.decide.rules, "decide")
    yield from _of_camera(config.camera_defaults, "camera_defaults")
    for name, camera in config.cameras.items():
        yield from _of_camera(camera, f"cameras.{name}")


def _of_camera(camera: CameraConfig, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from _of_rules(camera.rules or (), path)
    for n, mask in enumerate(camera.object_masks):
        yield f"{path}.object_masks[{n}].labels", mask.labels


def _of_rules(rules: tuple[RuleConfig, ...], path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for n, rule in enumerate(rules):
        yield f"{path}.rules[{n}].labels", rule.labels


def _problem(path: str, label: str, known: tuple[str, ...], model: str) -> ConfigProblem:
    near = get_close_matches(label.lower(), known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known)}"
    return ConfigProblem(path=path, problem=f"{label!r} is no class of model {model}", hint=hint)
