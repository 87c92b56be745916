"""What the cloud's commands say of settings that no command can work with."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.__main__ import main

NOBODY = ["--broker", "mqtt://127.0.0.1:1", "--username", "worker", "--password-file"]


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """A command that waits for signals leaves the tests' own as they were."""
    numbers = signal.SIGTERM, signal.SIGINT
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def test_a_request_that_no_gateway_would_take_is_not_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["fleet", "ask", "yard", "snapshot", "--camera", "c" * 65, "--out", "x.jpg"])
    said = capsys.readouterr().err
    assert (status, said.startswith("stillwatch-cloud: no request: camera: ")) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ["feed", "--store", "dir:."],
        ["fleet", "list"],
        ["fleet", "watch"],
        ["fleet", "ask", "yard", "diagnostics"],
        ["config", "status"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_a_file_that_the_connection_lacks_is_a_wrong_setting_of_every_command(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    status = main([*command, *NOBODY, str(tmp_path / "absent")])
    said = f"stillwatch-cloud: password file {tmp_path / 'absent'} cannot be read: "
    assert (status, capsys.readouterr().err.startswith(said)) == (78, True)
