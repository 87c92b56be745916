"""The folder for `balena push`, as balena's builder and supervisor take it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.compose_rules import complaints
from tools.build.balena.project import SOURCES, assemble

ROOT = Path(__file__).parents[2]
BALENA = ROOT / "balena"
COMPOSE = (BALENA / "docker-compose.yml").read_text()
DEVICES = {"aarch64": "raspberrypi4-64", "amd64": "generic-amd64"}
PLATFORMS = {"aarch64": "linux/arm64/v8", "amd64": "linux/amd64"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be pushed."""
    out = tmp_path_factory.mktemp("balena") / "project"
    if not all((ROOT / name).exists() for name in SOURCES.values()):
        pytest.skip("the root's Dockerfiles are not there")
    assemble(ROOT, out)
    return out


def resolved(library: Path, project: Path, arch: str, device: str) -> dict[str, Any]:
    """What balena's own library makes of the folder."""
    command = ["node", str(library / "resolve.js"), str(project), arch, device]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("arch", SOURCES)
def test_balenas_builder_takes_the_dockerfile_of_the_architecture(
    arch: str, project: Path, compose_library: Path
) -> None:
    found = resolved(compose_library, project, arch, DEVICES[arch])
    assert "refused" not in found, found
    edge = found["services"]["edge"]
    assert edge["type"] == "Architecture-specific Dockerfile"
    assert edge["platform"] == PLATFORMS[arch]
    assert edge["text"] == (project / "edge" / f"Dockerfile.{arch}").read_text()


def test_a_dockerfile_by_dockers_name_of_the_architecture_would_not_be_taken(
    project: Path, compose_library: Path, tmp_path: Path
) -> None:
    renamed = tmp_path / "project"
    shutil.copytree(project, renamed)
    (renamed / "edge" / "Dockerfile.aarch64").rename(renamed / "edge" / "Dockerfile.arm64")
    found = resolved(compose_library, renamed, "aarch64", "raspberrypi4-64")
    assert "Could not find a Dockerfile" in found["refused"]


@pytest.mark.parametrize("service", ["edge", "bridge"])
def test_the_same_requirement_stands_in_label_and_contract(
    service: str, project: Path, compose_library: Path
) -> None:
    found = resolved(compose_library, project, "aarch64", "raspberrypi4-64")
    [requirement] = found["services"][service]["contract"]["requires"]
    labels = found["composition"]["services"][service]["labels"]
    assert labels[f"io.balena.features.requires.{requirement['type']}"] == requirement["version"]


@pytest.mark.parametrize("service", ["bridge", "mosquitto"])
def test_one_dockerfile_serves_both(service: str, project: Path, compose_library: Path) -> None:
    for arch, device in DEVICES.items():
        found = resolved(compose_library, project, arch, device)
        assert found["services"][service]["type"] == "Standard Dockerfile"
        assert found["services"][service]["text"] == (project / service / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("edge-data:/var/lib/stillwatch", "/data:/var/lib/stillwatch"),
        ('version: "2.4"', 'version: "3.8"'),
        ("pids_limit: 64", "cpus: 1"),
        ("- mosquitto", "- nobody"),
        ("restart: always", "nonsense: always"),
    ],
)
def test_balenas_library_refuses_what_the_device_cannot_do(
    old: str, new: str, project: Path, compose_library: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "project"
    shutil.copytree(project, broken)
    assert old in COMPOSE
    (broken / "docker-compose.yml").write_text(COMPOSE.replace(old, new))
    assert "refused" in resolved(compose_library, broken, "aarch64", "raspberrypi4-64")


def test_nothing_stands_in_the_file_that_a_device_would_ignore() -> None:
    assert list(complaints(yaml.safe_load(COMPOSE), COMPOSE)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pids_limit: 64", "container_name: x", "container_name"),
        ("pids_limit: 64", "env_file: x", "env_file"),
        ("pids_limit: 64", "privileged: true", "privileged"),
        ("mem_limit: 512m", "mem_limit: lots", "is no size"),
        ("build: ./edge", "build: ../edge", "outside of the project"),
        ("- /run/stillwatch", "- /run/stillwatch:size=1m", "more than a path"),
        ("- /run/stillwatch", "- /tmp", "update lock"),
        ("edge-data:/var/lib/stillwatch", "/x:/var/lib/stillwatch", "no named volume"),
        ("restart: always", "restart: ${RESTART}", "substitutes no variables"),
    ],
)
def test_what_balenas_library_lets_pass_is_found_here(old: str, new: str, said: str) -> None:
    text = COMPOSE.replace(old, new)
    assert any(said in one for one in complaints(yaml.safe_load(text), text))


def test_every_service_is_confined_and_bounded() -> None:
    for service in yaml.safe_load(COMPOSE)["services"].values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        assert service["pids_limit"]


DESCRIPTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "type", "version", "description", "data"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "type": {"const": "sw.application"},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "description": {"type": "string", "minLength": 20},
        "assets": {"type": "object"},
        "data": {
            "type": "object",
            "additionalProperties": False,
            "required": ["defaultDeviceType", "supportedDeviceTypes"],
            "properties": {
                "applicationEnvironmentVariables": {"$ref": "#/$defs/variables"},
                "applicationConfigVariables": {"$ref": "#/$defs/variables"},
                "defaultDeviceType": {"type": "string"},
                "supportedDeviceTypes": {"type": "array", "items": {"type": "string"}},
            },
        },
    },
    "$defs": {
        "variables": {
            "type": "array",
            "items": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {"type": "string"},
            },
        }
    },
}


def test_the_description_is_of_the_documented_form() -> None:
    found = yaml.safe_load((BALENA / "balena.yml").read_text())
    jsonschema.Draft202012Validator(DESCRIPTION).validate(found)
    data = found["data"]
    assert data["defaultDeviceType"] in data["supportedDeviceTypes"]
    names = [name for one in data["applicationConfigVariables"] for name in one]
    assert all(name.startswith("BALENA_") for name in names)
    presets = [name for one in data["applicationEnvironmentVariables"] for name in one]
    assert not [name for name in presets if "PASSWORD" in name or "SECRET" in name]


def test_the_version_is_the_programs() -> None:
    program = [
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    ]
    assert [yaml.safe_load((BALENA / "balena.yml").read_text())["version"]] == program
