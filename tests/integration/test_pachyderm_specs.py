"""The pipeline specs: every field known to Pachyderm, every command one of ours."""

from __future__ import annotations

import importlib
import re
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from cloud.__main__ import command_line
from cloud.settings import ENV_KEYS, ENV_PREFIX
from tests.pachyderm import ORDER, read_spec

GIVEN = ("archive", "models", "rules")
STAGES = dict(zip(ORDER, ("validate", "detect", "threat", "plot"), strict=True))
QUANTITIES = {"Mi": 2**20, "Gi": 2**30}

each_spec = pytest.mark.parametrize("name", ORDER)


@pytest.fixture(scope="module")
def pps() -> ModuleType:
    try:
        return importlib.import_module("pachyderm_sdk.api.pps")
    except ImportError:
        pytest.skip("pachyderm-sdk is not installed: pip install -r requirements/pachyderm.lock")


def complaints(value: Any, kind: Any, at: str = "spec") -> Iterator[str]:
    """Keys that the message `kind` does not have, and values of another type, at any depth."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is list and isinstance(value, list):
        for number, one in enumerate(value):
            yield from complaints(one, arguments[0], f"{at}[{number}]")
    elif origin is dict and isinstance(value, dict):
        for key, one in value.items():
            yield from complaints(one, arguments[1], f"{at}.{key}")
    elif kind is timedelta and isinstance(value, str):
        if not re.fullmatch(r"[1-9][0-9]*s", value):
            yield f"{at}: {value!r} is no duration"
    elif is_dataclass(kind) and isinstance(value, dict):
        known = {field.name for field in fields(kind)}
        types = typing.get_type_hints(kind, vars(importlib.import_module(kind.__module__)))
        for key, one in value.items():
            name = {"URL": "url"}.get(key, key)
            if name not in known:
                yield f"{at}.{key}: no such field"
            else:
                yield from complaints(one, types[name], f"{at}.{key}")
    elif type(value) is not kind and (type(value), kind) != (int, float):
        yield f"{at}: {value!r} is no {kind}"


@each_spec
def test_pachyderm_knows_every_field_and_takes_every_value(name: str, pps: ModuleType) -> None:
    document = read_spec(name).document
    assert list(complaints(document, pps.CreatePipelineRequest)) == []
    request = pps.CreatePipelineRequest().from_dict(document)
    assert request.transform.cmd == document["transform"]["cmd"]
    assert request.datum_timeout.total_seconds() == read_spec(name).timeout_s
    assert name != "plot" or request.egress.url == document["egress"]["URL"]


def test_the_walk_finds_what_the_client_would_drop_in_silence(pps: ModuleType) -> None:
    wrong = {
        "datm_tries": 3,
        "transform": {"imagee": "x", "cmd": "ls", "env": {"A": 1}},
        "input": {"cross": [{"pfs": {"globb": "/"}}]},
        "autoscaling": "yes",
        "datum_timeout": "soon",
    }
    found = [line.partition(":")[0] for line in complaints(wrong, pps.CreatePipelineRequest)]
    assert found == [
        "spec.datm_tries",
        "spec.transform.imagee",
        "spec.transform.cmd",
        "spec.transform.env.A",
        "spec.input.cross[0].pfs.globb",
        "spec.autoscaling",
        "spec.datum_timeout",
    ]


@each_spec
def test_a_spec_is_named_as_its_file_and_runs_a_stage_of_ours(name: str) -> None:
    spec = read_spec(name)
    assert spec.name == name
    assert spec.command[:3] == ["python3", "-m", "cloud"]
    options = command_line().parse_args(spec.command[3:])
    assert options.stage == STAGES[name]
    names = [given["name"] for given in spec.inputs()]
    assert options.source == f"/pfs/{names[0]}"
    assert options.out == "/pfs/out"
    mentioned = re.findall(r"/pfs/([^/\s]+)", " ".join(spec.command))
    assert set(mentioned) == {*names, "out"}


@each_spec
def test_only_detection_needs_the_image_with_the_model_in_it(name: str) -> None:
    image = "stillwatch-cloud" if name == "object-detect" else "stillwatch-cloud-slim"
    assert read_spec(name).image == f"{image}:@TAG@"


@each_spec
def test_a_stage_has_no_rights_and_bounded_means(name: str) -> None:
    document = read_spec(name).document
    assert document["transform"]["user"] == "10001"
    assert document["autoscaling"] is True
    assert document["parallelism_spec"]["constant"] >= 1
    assert read_spec(name).tries >= 2
    requests, limits = document["resource_requests"], document["resource_limits"]
    assert requests["cpu"] <= limits["cpu"]
    for means in ("memory", "disk"):
        assert _bytes(requests[means]) <= _bytes(limits[means])


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * QUANTITIES[quantity[-2:]]


@each_spec
def test_every_setting_in_the_environment_exists(name: str) -> None:
    spec = read_spec(name)
    ours = {key for key in spec.environment if key.startswith(ENV_PREFIX)}
    assert ours <= {ENV_PREFIX + key.upper() for key in ENV_KEYS}
    if f"{ENV_PREFIX}THREADS" in ours:
        cores = float(spec.environment[f"{ENV_PREFIX}THREADS"])
        assert cores == spec.document["resource_limits"]["cpu"]


def test_each_pipeline_reads_what_is_given_or_made_before_it_and_the_last_one_leaves() -> None:
    known = set(GIVEN)
    for name in ORDER:
        spec = read_spec(name)
        assert {given["repo"] for given in spec.inputs()} <= known
        known.add(name)
        assert ("egress" in spec.document) == (name == ORDER[-1])
    assert read_spec(ORDER[-1]).document["egress"]["URL"].startswith("s3://")
