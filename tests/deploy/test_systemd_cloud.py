"""The units of worker, enrolment and fleet watch under a real systemd, inside their sandboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud.keys import make_keys
from tests.deploy.booted import CONFIRM, ENROL, FLEET_WATCH, PYTHON, Machine, booted
from tests.shipped_brokers import certify

EACH = pytest.mark.parametrize("unit", [CONFIRM, ENROL, FLEET_WATCH])
SETTINGS = {
    CONFIRM: """
store: dir:/srv/store
threads: 1
signing_key: /etc/stillwatch/signing.key
metrics_port: 9466
""",
    FLEET_WATCH: "metrics_port: 9468\n",
}
DROP_IN = """[Service]
Environment=PYTHONPATH=/opt/stillwatch/src:/opt/stillwatch/site
WatchdogSec=20
ReadWritePaths=-/srv/store
"""
PORTS = {CONFIRM: 9466, ENROL: 8443, FLEET_WATCH: 9468}
ASK = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:{}/healthz').read().decode())"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    make_keys(folder / "signing.key")
    certify(folder / "gateways", "authority", "test-gateways")
    binds = f"{folder / 'gateways'}:/srv/gateways", f"{folder / 'signing.key'}:/srv/signing.key"
    with booted(folder, *binds) as found:
        found.run("mkdir", "-p", "/etc/stillwatch", f"/var/lib/{ENROL}")
        for unit in PORTS:
            found.run("useradd", "--system", "--home-dir", "/nonexistent", unit)
            found.write(f"/run/systemd/system/{unit}.service.d/test.conf", DROP_IN)
        for unit, text in SETTINGS.items():
            found.write(f"/etc/stillwatch/{unit.removeprefix('stillwatch-')}.yaml", text)
        found.write(
            "/etc/stillwatch/enrol.env", 'ENROL_OPTIONS="--listen 127.0.0.1:8443 --plain"\n'
        )
        found.run("install", "-o", CONFIRM, "-m", "0700", "-d", "/srv/store")
        key = ("/srv/signing.key", "/etc/stillwatch/signing.key")
        found.run("install", "-g", CONFIRM, "-m", "0640", *key)
        found.run("cp", "-r", "/srv/gateways", f"/var/lib/{ENROL}/gateways")
        found.run("chown", "-R", f"{ENROL}:{ENROL}", f"/var/lib/{ENROL}")
        found.run("mosquitto", "-d", "-p", "1883")
        found.run("systemctl", "daemon-reload")
        found.run("systemctl", "start", *PORTS, check=False)
        yield found


@EACH
def test_it_is_ready_and_answers_who_asks_how_it_is(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready")
    if unit != ENROL:  # which has no state but that it answers
        machine.wait(lambda: machine.shown("StatusText", unit) == "ok", "no status")
    assert '"ok"' in machine.run(str(PYTHON), "-c", ASK.format(PORTS[unit]))


@EACH
def test_it_has_no_rights(machine: Machine, unit: str) -> None:
    machine.check_confined(unit)


@pytest.mark.parametrize("unit", [ENROL, FLEET_WATCH])
def test_what_hangs_is_ended_and_started_again(machine: Machine, unit: str) -> None:
    before = int(machine.shown("NRestarts", unit))
    machine.run("systemctl", "kill", "-s", "STOP", "--kill-who=main", unit)
    machine.wait(lambda: int(machine.shown("NRestarts", unit)) > before, "not missed")
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready again")


@EACH
def test_it_stops_in_order(machine: Machine, unit: str) -> None:
    machine.wait(lambda: machine.shown("ActiveState", unit) == "active", "not ready")
    machine.run("systemctl", "stop", unit)
    assert machine.shown("Result", unit) == "success"
