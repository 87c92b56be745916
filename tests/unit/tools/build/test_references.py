"""The generated reference pages leave nothing out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cloud.settings import ENV_KEYS, Settings
from edge.config.schema import EdgeConfig
from service.documents import ROOT
from service.fields import keys
from tests.unit.edge.daemon.statements import status_messages
from tests.unit.edge.deliver.site import Site
from tools.build.references import classes, command_line, metrics, mqtt, topics


def test_every_metric_that_the_source_names_is_on_the_page() -> None:
    found = {one.name.removesuffix("_total") for one in metrics.declared()}
    named: set[str] = set()
    for package in ("edge", "cloud", "bridge", "service"):
        for path in (ROOT / package).rglob("*.py"):
            named |= set(re.findall(r'"(stillwatch_\w+)"', path.read_text(encoding="utf-8")))
    assert named == found


def test_a_declaration_is_read_with_its_labels(tmp_path: Path) -> None:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge/x.py").write_text(
        'c = Counter("stillwatch_a", "What.", ["x", "y"], registry=None)\n'
        'g = GaugeMetricFamily("stillwatch_b", "Else.", value=1)\n'
        'n = Counter("no metric of ours")\n'
    )
    first, second = metrics.declared(tmp_path)
    assert (first.name, first.kind, first.labels) == ("stillwatch_a_total", "counter", ("x", "y"))
    assert (second.name, second.labels, second.where) == ("stillwatch_b", (), "edge")


def test_labels_with_known_values_are_those_of_a_metric() -> None:
    labels = {one.name: one.labels for one in metrics.declared()}
    assert all(label in labels[metric] for metric, label in metrics.label_values())


def test_every_command_of_every_program_has_a_section() -> None:
    page = command_line.page()
    for command in ("run", "check-config", "replay", "static forget", "health", "self-test"):
        assert f"`stillwatch-edge {command}`" in page
    for command in (
        "serve",
        "confirm",
        "detect",
        "verify-evidence",
        "retain",
        "keygen",
        "stage",
        "feed",
    ):
        assert f"`stillwatch-cloud {command}`" in page
    for command in ("run", "check-config", "probe"):
        assert f"`stillwatch-bridge {command}`" in page
    assert "| `--in DIR` | required | the tree to read: a folder, or s3://" in page


def test_every_setting_that_the_environment_may_give_is_a_flag_of_serve() -> None:
    page = command_line.page().split("`stillwatch-cloud serve`")[1].split("\n###")[0]
    assert all(f"`--{key.replace('_', '-')} " in page for key in ENV_KEYS)


def test_info_and_stats_have_the_keys_that_the_page_names(tmp_path: Path) -> None:
    statements = status_messages(Site(tmp_path / "outbox"))
    # `watch_key` comes from the proof of watch, which this site has not
    assert (*json.loads(statements.info().payload), "watch_key") == topics.INFO_KEYS
    assert set(topics.STATS_KEYS) <= set(json.loads(statements.stats().payload))


def unexplained(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for key in keys(model):
        if not key.info.description and key.name != "type":
            yield f"{path}{key.name}"
        for inner in key.sections:
            yield from unexplained(inner, f"{path}{key.name}.")


@pytest.mark.parametrize("model", [*mqtt.MESSAGES, EdgeConfig, Settings])
def test_every_field_and_key_is_explained(model: type[BaseModel]) -> None:
    assert list(unexplained(model)) == []


def test_every_shipped_model_is_a_column() -> None:
    head = classes.page().split("| class |")[1].splitlines()[0]
    assert all(
        f"`{path.parent.name}`" in head for path in (ROOT / "models").glob("*/manifest.json")
    )
