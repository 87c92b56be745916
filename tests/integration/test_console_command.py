"""`console` from a server's shell: who is invited there, and with which sites."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloud.__main__ import EXIT_FAILED, main
from cloud.console.accounts import Accounts
from cloud.console.roles import PersonRole
from cloud.console.tables import open_tables
from tests.fakes import ManualClock
from tests.processes import HOST, free_port


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/accounts.sqlite"


@pytest.mark.parametrize(
    ("given", "sites"),
    [
        ([], set()),
        (["--sites", "north"], {"north"}),
        (["--sites", "north, south,"], {"north", "south"}),
    ],
)
def test_an_invitation_names_its_sites_or_is_for_all(
    database: str, capsys: pytest.CaptureFixture[str], given: list[str], sites: set[str]
) -> None:
    assert (
        main(["console", "invite", "ada", "--role", "admin", "--accounts", database, *given]) == 0
    )
    token = capsys.readouterr().out.strip().rsplit("/", 1)[1]
    # the shell's clock is the real one, so a clock before it finds the link good
    invited = Accounts(open_tables(database), ManualClock()).invitation(token)
    assert invited is not None
    assert (invited.name, invited.role) == ("ada", PersonRole.ADMIN)
    assert invited.sites == sites


@pytest.mark.parametrize("sites", [",", "", " ", " , ,", "\t"])
def test_a_list_of_sites_that_names_none_is_refused_and_means_never_all(
    database: str, capsys: pytest.CaptureFixture[str], sites: str
) -> None:
    given = ["console", "invite", "ada", "--accounts", database, "--sites", sites]
    assert main(given) == EXIT_FAILED
    told = capsys.readouterr()
    assert told.out == ""
    assert "--sites: " in told.err


def test_settings_by_which_it_could_not_serve_are_not_called_usable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["console", "check-config"]) == os.EX_CONFIG
    told = capsys.readouterr()
    assert (told.out, "no object store is given" in told.err) == ("", True)
    assert main(["console", "check-config", "--store", f"dir:{tmp_path}/store"]) == 0


@pytest.mark.parametrize("of", ["console", "notify"])
def test_a_key_that_cannot_be_read_is_said_by_whoever_would_not_run_without_it(
    of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "cloud.yaml"
    settings.write_text(f"trusted_keys: [{tmp_path}/none.pub]\nstore: dir:{tmp_path}/store\n")
    assert main([of, "check-config", "--settings", str(settings)]) == os.EX_CONFIG
    assert "none.pub cannot be read" in capsys.readouterr().err


def test_told_to_stop_before_it_serves_it_ends_in_order(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cloud", "console", "serve", f"--listen={HOST}:{free_port()}"]
    command += [f"--store=dir:{tmp_path}/store", f"--accounts=sqlite:///{tmp_path}/own.sqlite"]
    checkout = Path(__file__).resolve().parents[2]
    environ = {**os.environ, "PYTHONPATH": str(checkout)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"console: ")
        process.terminate()
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"daemon_stopped" in log
