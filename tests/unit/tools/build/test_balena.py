"""The Dockerfiles that balena takes are those of the repository, less what its builder may lack."""

from pathlib import Path

import pytest
import yaml

from tools.build.balena.project import (
    MADE,
    DockerfileError,
    ProjectError,
    assemble,
    copied,
    for_balena,
    stale,
)

ROOT = Path(__file__).parents[4]

PLAIN = """FROM scratch AS build
RUN --mount=type=secret,id=a,target=/a \\
    --mount=type=cache,target=/b \\
    make
COPY --from=build /x /x
COPY --chown=1:1 one two/ \\
    # said between
    "with space" /there/
FROM scratch
ADD three* /
"""


@pytest.mark.parametrize("made", MADE)
def test_what_lies_in_balenas_folder_is_made_from_what_lies_in_the_repository(made: str) -> None:
    source = ROOT / MADE[made]
    assert stale(ROOT) == (), "python -m tools.build.balena dockerfiles"
    assert (ROOT / "balena" / made).read_text().endswith(source.read_text()[-200:])


def test_mounts_that_a_build_can_do_without_are_left_out() -> None:
    made = for_balena(PLAIN, "Dockerfile.arm64")
    assert "--mount" not in made
    assert "RUN make\n" in made
    assert made.startswith("# Made from Dockerfile.arm64")


def test_nothing_else_is_changed() -> None:
    text = "FROM scratch\nCOPY a \\\n    b /\nLABEL x='--mounted'\n"
    assert for_balena(text, "D").split("\n", 1)[1] == text


@pytest.mark.parametrize(
    "line",
    [
        "RUN --mount=type=bind,source=x,target=/x make",
        "RUN --network=none make",
        "COPY --link a /",
        "COPY --chmod=755 a /",
        "RUN <<END",
        "# syntax=docker/dockerfile:1",
        "FROM --platform=$BUILDPLATFORM scratch",
        "RUN echo ${TARGETARCH}",
    ],
)
def test_what_needs_buildkit_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(DockerfileError, match="needs BuildKit"):
        for_balena(f"{line}\nFROM scratch\n", "Dockerfile.arm64")


def test_what_a_build_copies_from_its_context_is_found() -> None:
    assert copied(PLAIN) == ("one", "two/", "with space", "three*")


def repository(root: Path) -> Path:
    for name in ("docker-compose.yml", "balena.yml", "edge/contract.yml", "bridge/contract.yml"):
        path = root / "balena" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (root / "balena" / "mosquitto").mkdir()
    for name in ("app/a.py", "app/__pycache__/a.pyc", "app/tests/t.py", "other/b.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "Dockerfile.arm64").write_text("FROM scratch\nCOPY app/*.py app/tests /x/\n")
    (root / "bridge").mkdir()
    (root / "bridge" / "Dockerfile").write_text("FROM scratch\nCOPY other /x/\n")
    return root


@pytest.mark.parametrize(
    ("service", "held"),
    [
        ("edge", ["Dockerfile.aarch64", "app/a.py", "app/tests/t.py", "contract.yml"]),
        ("bridge", ["Dockerfile", "contract.yml", "other/b.py"]),
    ],
)
def test_the_pushed_folder_holds_what_each_build_copies_and_no_more(
    service: str, held: list[str], tmp_path: Path
) -> None:
    assemble(repository(tmp_path / "root"), tmp_path / "out")
    context = tmp_path / "out" / service
    found = sorted(str(path.relative_to(context)) for path in context.rglob("*") if path.is_file())
    assert found == held


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="not empty"):
        assemble(repository(tmp_path), tmp_path / "app")


def test_what_is_copied_but_not_there_is_told(tmp_path: Path) -> None:
    root = repository(tmp_path / "root")
    (root / "Dockerfile.amd64").write_text("FROM scratch\nCOPY missing /x/\n")
    with pytest.raises(ProjectError, match="copies missing"):
        assemble(root, tmp_path / "out")


DIGEST = "registry.example:5000/stillwatch-edge@sha256:" + "a" * 64


def test_a_service_whose_image_is_named_by_digest_is_not_built(tmp_path: Path) -> None:
    assemble(ROOT, tmp_path / "out", {"edge": DIGEST})
    services = yaml.safe_load((tmp_path / "out" / "docker-compose.yml").read_text())["services"]
    assert services["edge"]["image"] == DIGEST
    assert "build" not in services["edge"]
    assert services["bridge"]["build"] == "./bridge"
    assert not (tmp_path / "out" / "edge" / "Dockerfile.amd64").exists()
    before = yaml.safe_load((ROOT / "balena" / "docker-compose.yml").read_text())["services"]
    assert {**services["edge"], "build": "./edge"} == {**before["edge"], "image": DIGEST}


@pytest.mark.parametrize(
    ("service", "image"),
    [("edge", "stillwatch-edge:latest"), ("edge", DIGEST[:-1]), ("none", DIGEST)],
)
def test_an_image_without_digest_or_service_is_refused(
    tmp_path: Path, service: str, image: str
) -> None:
    with pytest.raises(ProjectError, match=r"@sha256|no service"):
        assemble(ROOT, tmp_path / "out", {service: image})
