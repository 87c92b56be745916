"""`stillwatch-edge install-service` under a real systemd: installed, edited, taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.deploy.booted import STATE, Machine, booted

PROGRAM = "/opt/stillwatch/venv/bin/stillwatch-edge"
CONFIG = '/etc/stillwatch/site 50% $HOME "edge" it\'s.yaml'
"""Whatever a person may call it."""
UNIT = "/etc/systemd/system/stillwatch-edge.service"
PASSWORD = "/etc/stillwatch/password"  # noqa: S105  # a path
PICTURE = "/opt/stillwatch/models/self_test/street-030.jpg"
INSTALL = (PROGRAM, "install-service", "--config", CONFIG)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A broker that lets in one user; no user `stillwatch`; a password for root alone."""
    with booted(tmp_path_factory.mktemp("machine"), units=False) as found:
        uplink = {"host": "127.0.0.1", "username": "gw", "password_file": PASSWORD}
        config = {
            "gateway": {"id": "gw"},
            "camera_defaults": {"kind": "snapshot"},
            "intake": {"broker": uplink},
            "deliver": {"uplink": uplink},
        }
        found.write(CONFIG, json.dumps(config))
        found.write(PASSWORD, "of the gateway")
        found.run("chmod", "0600", PASSWORD)
        found.run("mosquitto_passwd", "-b", "-c", "/run/passwords", "gw", "of the gateway")
        found.run("chmod", "0644", "/run/passwords")
        found.write("/run/broker.conf", "listener 1883 127.0.0.1\npassword_file /run/passwords\n")
        found.run("mosquitto", "-d", "-c", "/run/broker.conf")
        yield found


def said(machine: Machine, *command: str) -> tuple[int, str]:
    """The exit status, and both streams."""
    text = machine.run("sh", "-c", '"$@" 2>&1; echo "status $?"', "-", *command)
    told, _, status = text.rpartition("status ")
    return int(status), told


def test_a_dry_run_prints_the_unit_and_changes_nothing(machine: Machine) -> None:
    unit = machine.run(*INSTALL, "--dry-run")
    assert "[Service]" in unit
    assert said(machine, "test", "-e", UNIT)[0] == 1


def test_a_bad_configuration_is_refused_before_anything_is_written(machine: Machine) -> None:
    machine.write("/etc/stillwatch/bad.yaml", "gateway: {nmae: gw}")
    status, told = said(machine, PROGRAM, "install-service", "--config", "/etc/stillwatch/bad.yaml")
    assert (status, "gateway.nmae" in told) == (78, True)
    machine.write("/etc/stillwatch/closed.yaml", "gateway: {id: gw}")
    machine.run("chmod", "0600", "/etc/stillwatch/closed.yaml")
    closed = (PROGRAM, "install-service", "--config", "/etc/stillwatch/closed.yaml")
    status, told = said(machine, *closed)
    assert (status, "cannot be read by the service's user" in told) == (78, True)
    assert said(machine, "test", "-e", UNIT)[0] == 1


def test_nobody_but_root_installs(machine: Machine) -> None:
    status, told = said(machine, "setpriv", "--reuid=65534", "--clear-groups", *INSTALL)
    assert (status, told) == (1, "only root installs a service: call it with sudo\n")


def test_it_is_written_enabled_and_started_and_does_its_work(machine: Machine) -> None:
    told = machine.run(*INSTALL)
    assert f"wrote {UNIT}" in told
    assert f"password_file: {PASSWORD} is handed over" in told
    assert machine.run("systemctl", "is-enabled", "stillwatch-edge").strip() == "enabled"
    assert machine.shown("ActiveState") == "active"
    machine.wait(lambda: machine.said("link_subscribed link=intake"), "no subscription")
    login = ("-u", "gw", "-P", "of the gateway")
    machine.run("mosquitto_pub", *login, "-q", "1", "-t", "cameras/gate/image", "-f", PICTURE)
    machine.wait(lambda: machine.said("report_sent"), "no report")
    found = machine.run("find", f"{STATE}/var/store/evidence", "-type", "f")
    assert ".jpg" in found


def test_systemd_itself_finds_little_exposed_and_a_user_of_no_other_process(
    machine: Machine,
) -> None:
    told = machine.run("systemd-analyze", "security", "--no-pager", "stillwatch-edge")
    found = re.search(r"exposure level for \S+: ([\d.]+)", told)
    assert found is not None
    assert float(found[1]) <= 1.5
    assert machine.shown("DynamicUser") == "yes"
    owner = machine.run("stat", "-c", "%u", f"/proc/{machine.shown('MainPID')}").strip()
    assert 61184 <= int(owner) <= 65519  # systemd's range of users that it makes up
    fields = machine.run("journalctl", "-t", "stillwatch-edge", "-o", "json", "-n", "1")
    assert json.loads(fields)["SYSLOG_IDENTIFIER"] == "stillwatch-edge"


def test_a_second_time_nothing_changes(machine: Machine) -> None:
    process = machine.shown("MainPID")
    told = machine.run(*INSTALL)
    assert f"{UNIT} is as it should be" in told
    assert "it runs already" in told
    assert machine.shown("MainPID") == process


def test_its_state_is_saved_as_documented(machine: Machine) -> None:
    machine.run("systemctl", "stop", "stillwatch-edge")
    same = ("DynamicUser=yes", "User=stillwatch", "StateDirectory=stillwatch")
    place = "WorkingDirectory=/var/lib/stillwatch"
    properties = [word for one in (*same, place, "UMask=0077") for word in ("-p", one)]
    command = (PROGRAM, "state", "backup", "state.tar.gz", "--config", CONFIG)
    machine.run("systemd-run", "--wait", "--pipe", "-q", *properties, *command)
    assert "outbox.sqlite" in machine.run("tar", "-tzf", f"{STATE}/state.tar.gz")
    machine.run("systemctl", "start", "stillwatch-edge")


def test_an_edited_unit_is_kept_until_that_is_asked_for(machine: Machine) -> None:
    machine.run("sed", "-i", "s/MemoryMax=.*/MemoryMax=2G/", UNIT)
    for more in ((), ("--uninstall",), ("--dry-run",)):
        status, told = said(machine, *INSTALL, *more)
        assert status == 1
        assert "+MemoryMax=2G" in told
    told = machine.run(*INSTALL, "--force")
    assert f"set aside what was there: {UNIT}.before-1" in told
    assert "restarted with the new unit" in told
    assert "MemoryMax=2G" in machine.run("cat", f"{UNIT}.before-1")
    assert machine.shown("ActiveState") == "active"


def test_a_start_that_fails_is_told(machine: Machine) -> None:
    drop_in = f"{UNIT}.d/fails.conf"
    machine.write(drop_in, "[Service]\nExecStartPre=/bin/false\nRestart=no\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "stop", "stillwatch-edge")
    status, told = said(machine, *INSTALL)
    assert status == 1
    assert "journalctl -u stillwatch-edge" in told
    machine.run("rm", "-r", f"{UNIT}.d")
    assert "started" in machine.run(*INSTALL)


def test_it_is_taken_away_and_the_state_stays(machine: Machine) -> None:
    told = machine.run(*INSTALL, "--uninstall")
    assert f"removed {UNIT}" in told
    assert said(machine, "test", "-e", UNIT)[0] == 1
    assert machine.shown("LoadState") == "not-found"
    assert ".jpg" in machine.run("find", f"{STATE}/var/store/evidence", "-type", "f")
    assert f"there is no {UNIT}" in machine.run(*INSTALL, "--uninstall")
