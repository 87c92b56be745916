"""The units of console and notifications under a real systemd, inside their sandboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.booted import CONSOLE, NOTIFY, PYTHON, Machine, booted

BOTH = pytest.mark.parametrize("unit", [CONSOLE, NOTIFY])
STORE = "/srv/store"
SETTINGS = {
    CONSOLE: f"store: dir:{STORE}\n",
    NOTIFY: f"""
store: dir:{STORE}
metrics_port: 9467
notify:
  state: /var/lib/{NOTIFY}
  webhooks:
    duty: {{url: https://127.0.0.1:9/alarms, secret: {{env: DUTY_SECRET}}}}
  rules: [{{to: [duty]}}]
""",
}
ASK = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:{}/healthz').read().decode())"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with booted(tmp_path_factory.mktemp("machine")) as found:
        found.run("mkdir", "-m", "0755", STORE)
        for unit, text in SETTINGS.items():
            found.run("useradd", "--system", "--home-dir", "/nonexistent", unit)
            file = f"/etc/stillwatch/{unit.removeprefix('stillwatch-')}.yaml"
            found.write(file, text)
            found.run("chgrp", unit, file)
            found.run("chmod", "0640", file)
            path = "PYTHONPATH=/opt/stillwatch/src:/opt/stillwatch/site"
            drop_in = f"[Service]\nEnvironment={path}\nWatchdogSec=8\n"
            found.write(f"/run/systemd/system/{unit}.service.d/test.conf", drop_in)
        found.write("/etc/stillwatch/notify.env", "DUTY_SECRET=twenty four characters, or more\n")
        found.run("chmod", "0600", "/etc/stillwatch/notify.env")
        found.run("mosquitto", "-d", "-p", "1883")
        found.run("systemctl", "daemon-reload")
        found.run("systemctl", "start", CONSOLE, NOTIFY, check=False)
        yield found


@BOTH
def test_it_is_ready_and_says_how_it_is(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready")
    machine.wait(lambda: machine.shown("StatusText", unit) == "ok", "no status")
    port = {CONSOLE: 8484, NOTIFY: 9467}[unit]
    assert '"ok"' in machine.run(str(PYTHON), "-c", ASK.format(port))


@BOTH
def test_it_has_no_rights_and_keeps_its_files_to_itself(machine: Machine, unit: str) -> None:
    machine.check_confined(unit)
    folder = f"/var/lib/{unit}"
    assert ".sqlite" in machine.run("find", folder, "-type", "f")
    assert machine.run("find", folder, "-perm", "/077") == ""


@BOTH
def test_what_hangs_is_ended_and_started_again(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("StatusText", unit) == "ok", "not well")
    before = int(machine.shown("NRestarts", unit))
    machine.run("systemctl", "kill", "-s", "STOP", "--kill-who=main", unit)
    machine.wait(lambda: int(machine.shown("NRestarts", unit)) > before, "not missed")
    assert "watchdog" in machine.run("journalctl", "-u", unit, "-o", "cat", "--no-pager").lower()
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready again")


@BOTH
def test_settings_that_somebody_must_mend_end_the_restarts(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready")
    drop_in = "[Service]\nEnvironment=STILLWATCH_CLOUD_BROKER=nowhere\n"
    machine.write(f"/run/systemd/system/{unit}.service.d/wrong.conf", drop_in)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", unit, check=False)
    machine.wait(lambda: machine.shown("ActiveState", unit) == "failed", "goes on")
    assert machine.shown("ExecMainStatus", unit) == "78"
    machine.run("rm", f"/run/systemd/system/{unit}.service.d/wrong.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", unit)


@BOTH
def test_it_stops_in_order(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready")
    machine.run("systemctl", "stop", unit)
    assert machine.shown("Result", unit) == "success"
    assert machine.said("daemon_stopped", unit)
