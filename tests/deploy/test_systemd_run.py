"""The shipped unit under a real systemd: the daemon does its work inside of its sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.deploy.booted import PYTHON, STATE, Machine, booted
from tests.deploy.conftest import ROOT

STREET = ROOT / "models" / "self_test" / "street-030.jpg"

PROBE = r"""
import ctypes, json, mmap, os, socket
from pathlib import Path
from edge.health.clocksync import kernel_synchronised

def refused(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False

libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps({
    "write /usr": refused(lambda: Path("/usr/x").write_text("x")),
    "write /etc": refused(lambda: Path("/etc/stillwatch/x").write_text("x")),
    "write /opt": refused(lambda: Path("/opt/stillwatch/x").write_text("x")),
    "write /srv": refused(lambda: Path("/srv/x").write_text("x")),
    "read /root": refused(lambda: os.listdir("/root")),
    "see others": refused(lambda: os.listdir("/proc/1/fd")) and not Path("/proc/1").exists(),
    "raw socket": refused(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "netlink": refused(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "code in data": refused(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "namespaces": libc.unshare(0x10000000) == -1,
    "mount": libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == -1,
    "ptrace": libc.ptrace(16, os.getppid(), 0, 0) == -1,
    "disks": not {"sda", "vda", "mem", "kmsg", "fuse"} & set(os.listdir("/dev")),
    "set the clock": libc.settimeofday(ctypes.create_string_buffer(16), None) == -1,
    "write state": not refused(lambda: Path("probe").write_text("x")),
    "ask the clock": kernel_synchronised() is not None,
    "private files": not Path("probe").stat().st_mode & 0o077,
}))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "probe.py").write_text(PROBE)
    with booted(folder, f"{folder / 'probe.py'}:/usr/local/lib/probe.py") as found:
        found.run("useradd", "--system", "--home-dir", STATE, "stillwatch")
        config = {"gateway": {"id": "gw"}, "camera_defaults": {"kind": "snapshot"}}
        found.write("/etc/stillwatch/edge.yaml", json.dumps(config))
        environment = "PYTHONPATH=/opt/stillwatch/src:/opt/stillwatch/site"
        probe = f"ExecStartPost=/bin/sh -c '{PYTHON} /usr/local/lib/probe.py > {STATE}/probed'"
        drop_in = f"[Service]\nEnvironment={environment}\n{probe}\n"
        found.write("/run/systemd/system/stillwatch-edge.service.d/test.conf", drop_in)
        found.run("mosquitto", "-d", "-p", "1883")
        found.run("systemctl", "daemon-reload")
        found.run("systemctl", "start", "stillwatch-edge")
        yield found


def test_a_picture_becomes_a_report_with_stored_evidence(machine: Machine) -> None:
    machine.wait(lambda: machine.said("link_subscribed link=intake"), "no subscription")
    picture = f"/opt/stillwatch/models/self_test/{STREET.name}"
    machine.run("mosquitto_pub", "-q", "1", "-t", "cameras/gate/image", "-f", picture)
    machine.wait(lambda: machine.said("report_sent"), "no report")
    assert ".jpg" in machine.run("find", f"{STATE}/var/store/evidence", "-type", "f")
    others = machine.run("find", STATE, "-perm", "/077", "-not", "-type", "l")
    assert others == ""


def test_within_the_sandbox_only_what_the_daemon_needs_is_possible(machine: Machine) -> None:
    found = json.loads(machine.run("cat", f"{STATE}/probed"))
    assert [attempt for attempt, as_wanted in found.items() if not as_wanted] == []
    status = machine.run("cat", f"/proc/{machine.shown('MainPID')}/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(facts["CapBnd"], 16) == int(facts["CapEff"], 16) == 0
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


def test_a_reload_is_taken_up_and_a_death_is_mended(machine: Machine) -> None:
    machine.run("systemctl", "reload", "stillwatch-edge")
    machine.wait(lambda: machine.said("config_applied"), "not taken up")
    machine.run("systemctl", "kill", "-s", "KILL", "--kill-who=main", "stillwatch-edge")
    machine.wait(lambda: machine.shown("NRestarts") == "1", "not started again")
    machine.wait(lambda: machine.shown("ActiveState") == "active", "not ready again")


def test_it_stops_in_order(machine: Machine) -> None:
    machine.run("systemctl", "stop", "stillwatch-edge")
    assert machine.shown("Result") == "success"
    assert machine.said("daemon_stopped")
