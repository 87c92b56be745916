"""What a change of the configuration asks for."""

import pytest

from edge.config.load import leaves, read
from edge.config.reload import REASONS, RULES, ReloadPart, part_of, plan
from edge.config.schema import EdgeConfig
from service.fields import keys

EVERY_KEY = """
intake: {broker: {tls: {}}}
deliver: {uplink: {tls: {}}}
camera_defaults: {gate: {}}
cameras: {yard: {gate: {}}}
"""


def config(document: str) -> EdgeConfig:
    return read(document.encode(), {}).config


def test_nothing_changed_means_nothing_to_do() -> None:
    same = plan(EdgeConfig(), EdgeConfig())
    assert (same.changed, same.rebuild, same.needs_restart) == ((), frozenset(), ())


@pytest.mark.parametrize(
    ("document", "changed", "rebuild"),
    [
        ("gate: {min_diff: 20}", ("gate.min_diff",), {ReloadPart.CAMERAS}),
        ("detect: {model: x}", ("detect.model",), {ReloadPart.DETECTOR, ReloadPart.CAMERAS}),
        ("detect: {errors_in_a_row: 9}", ("detect.errors_in_a_row",), set()),
        ("deliver: {outbox: {max_attempts: 3}}", ("deliver.outbox.max_attempts",), set()),
        ("deliver: {deadline_s: 5}", ("deliver.deadline_s",), set()),
        ("runtime: {log_level: debug}", ("runtime.log_level",), {ReloadPart.LOG}),
        ("cameras: {yard: {}}", ("cameras.yard",), {ReloadPart.CAMERAS}),
    ],
)
def test_a_change_names_the_parts_to_build_anew(
    document: str, changed: tuple[str, ...], rebuild: set[ReloadPart]
) -> None:
    change = plan(EdgeConfig(), config(document))
    assert change.changed == changed
    assert change.rebuild == rebuild
    assert change.needs_restart == ()


def test_a_camera_that_is_no_longer_listed_is_a_change() -> None:
    change = plan(config("cameras: {yard: {}}"), EdgeConfig())
    assert (change.changed, change.sections) == (("cameras.yard",), ("cameras",))


@pytest.mark.parametrize(
    ("document", "key", "reason"),
    [
        ("gateway: {id: other}", "gateway.id", "carry the old id"),
        ("intake: {broker: {port: 1}}", "intake.broker.port", "connection stands"),
        ("intake: {broker: {tls: {}}}", "intake.broker.tls", "connection stands"),
        ("intake: {topics: ['x/{camera}']}", "intake.topics", "subscriptions"),
        ("detect: {workers: 2}", "detect.workers", "one of the threads"),
        ("deliver: {root: other}", "deliver.root", "retained topics"),
        ("deliver: {uplink: {}}", "deliver.uplink", "old connection"),
        ("deliver: {store: {path: x}}", "deliver.store.path", "old store"),
        ("deliver: {outbox: {max_age_s: 60}}", "deliver.outbox.max_age_s", "old bounds"),
        ("deliver: {outbox: {path: elsewhere}}", "deliver.outbox.path", "left behind"),
        ("runtime: {heartbeat_s: 9}", "runtime.heartbeat_s", "watchdogs"),
        ("runtime: {metrics_port: 1}", "runtime.metrics_port", "open already"),
    ],
)
def test_what_cannot_change_while_running_is_said_with_its_reason(
    document: str, key: str, reason: str
) -> None:
    change = plan(EdgeConfig(), config(document))
    (problem,) = change.needs_restart
    assert problem.path == key
    assert reason in problem.problem
    assert problem.hint == "restart the daemon"
    assert change.rebuild == frozenset()


def test_every_key_that_needs_a_restart_has_a_reason() -> None:
    assert {key for key, part in RULES.items() if part is ReloadPart.RESTART} <= set(REASONS)


def test_every_key_of_the_schema_is_classified() -> None:
    for key in leaves(config(EVERY_KEY)):
        assert part_of(key)
    assert {key.name for key in keys(EdgeConfig)} == {rule.split(".")[0] for rule in RULES}
