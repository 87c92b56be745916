"""The entry point of the images, as a shell runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import CHECKOUT

START = CHECKOUT / "tools" / "build" / "images" / "inside" / "start"
FILES = ("Dockerfile.amd64", "Dockerfile.arm64", "cloud/Dockerfile", "bridge/Dockerfile")


def started(*words: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    return subprocess.run(
        [START, *words],
        cwd=CHECKOUT,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_path_is_run_as_the_program_that_it_is() -> None:
    assert started("edge", "/bin/sh", "-c", "ls LICENSE; exit 3").stdout == "LICENSE\n"
    assert started("edge", "/bin/sh", "-c", "exit 3").returncode == 3


@pytest.mark.parametrize("module", ["edge", "cloud", "bridge"])
def test_other_words_go_to_the_module_with_their_blanks_and_its_status_comes_back(
    module: str,
) -> None:
    assert "usage" in started(module, "--help").stdout
    refused = started(module, "no such command")
    assert refused.returncode == 2
    assert "'no such command'" in refused.stderr


@pytest.mark.parametrize("name", FILES)
def test_every_image_starts_by_it_and_has_what_a_shell_needs(name: str) -> None:
    text = (CHECKOUT / name).read_text()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)
    module = name.partition("/")[0] if "/" in name else "edge"
    assert f'ENTRYPOINT ["/usr/local/bin/start", "{module}"]' in text
    made = [one for one in stages if "COPY --from=build" in one and "/opt/stillwatch/app" in one]
    made = [one for one in made if "WORKDIR /var/lib/stillwatch" in one]
    assert made
    for stage in made:
        assert "COPY tools/build/images/inside/start /usr/local/bin/start" in stage
    roots = re.findall(r"inside\.root (?:[^&]|\n)*", text)
    assert roots
    assert all("/bin/sh /bin/ls /bin/cat" in one for one in roots)
    assert os.access(START, os.X_OK)
