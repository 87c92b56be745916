"""A real systemd as PID 1 over this machine's own files, thrown away at the end; root only.

systemd-nspawn with a network of its own, the root folder under a layer that takes all writing, and
the checkout where the unit expects the program. The interpreter is the system's, as the unit's
user cannot reach one in somebody's home.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.conftest import ROOT
from tests.processes import binary

UNIT = "stillwatch-edge"
BRIDGE = "stillwatch-bridge"
CONSOLE = "stillwatch-console"
NOTIFY = "stillwatch-notify"
CONFIRM = "stillwatch-confirm"
ENROL = "stillwatch-enrol"
FLEET_WATCH = "stillwatch-fleet-watch"
PROGRAMS = (UNIT, BRIDGE, "stillwatch-cloud")
PYTHON = Path(f"/usr/bin/python3.{sys.version_info.minor}")
STATE = "/var/lib/stillwatch"
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Machine:
    """The booted system, reached through its first process."""

    leader: int

    def run(self, *command: str, check: bool = True) -> str:
        """What a command there prints, as root."""
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "--"]
        done = subprocess.run(
            [*enter, *command], check=False, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def write(self, path: str, text: str) -> None:
        self.run("mkdir", "-p", str(Path(path).parent))
        self.run("sh", "-c", 'printf %s "$1" > "$2"', "-", text, path)

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        never = threading.Event()
        for _ in range(int(PATIENCE_S / 0.2)):
            if reached():
                return
            never.wait(0.2)
        pytest.fail(f"{what}:\n{self.run('journalctl', '-n', '40', '--no-pager', check=False)}")

    def shown(self, name: str, unit: str = UNIT) -> str:
        """A property of the unit."""
        return self.run("systemctl", "show", unit, "-p", name, "--value").strip()

    def check_confined(self, unit: str) -> None:
        """Its process has no right at all, and filtered system calls."""
        status = self.run("cat", f"/proc/{self.shown('MainPID', unit)}/status")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert int(facts["CapBnd"], 16) == int(facts["CapEff"], 16) == 0
        assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")

    def said(self, event: str, unit: str = UNIT) -> bool:
        """Whether the daemon has logged it to the journal."""
        return event in self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager", check=False)


@contextmanager
def booted(folder: Path, *binds: str, units: bool = True) -> Iterator[Machine]:
    """The system, up to its basic target; `binds` are SOURCE:TARGET, read-only.

    Without `units` it has none of ours yet.
    """
    nspawn = binary("systemd-nspawn", "apt-get install systemd-container")
    if os.geteuid() != 0 or not PYTHON.exists():
        pytest.skip(f"needs root, and {PYTHON} for an interpreter that every user can run")
    root, log = folder / "root", folder / "nspawn.log"
    root.mkdir()
    subprocess.run(["mount", "--bind", "/", str(root)], check=True)
    command = [nspawn, "-q", "-D", str(root), "--volatile=overlay", "--private-network"]
    command += ["--register=no", "--keep-unit", "--console=pipe", f"--machine=test{os.getpid()}"]
    command += ["--system-call-filter=adjtimex clock_adjtime"]  # asked as outside of it
    command += [f"--bind-ro={bind}" for bind in (*_program(folder), *_units(units), *binds)]
    before = set(_groups())
    try:
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*command, "--boot", "--", "--unit=basic.target"],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        try:
            machine = _up(process, log)
            machine.run("rm", "-rf", STATE)  # what a program of ours left on the machine outside
            yield machine
        finally:
            process.terminate()
            process.wait(60)
            _remove_groups(before)
    finally:
        subprocess.run(["umount", str(root)], check=True)


def _groups() -> Iterator[Path]:
    """Control groups of the names that nspawn takes."""
    for name in ("payload", "supervisor"):
        yield from Path("/sys/fs/cgroup").glob(f"**/{name}")


def _remove_groups(before: set[Path]) -> None:
    """nspawn leaves its own behind where no systemd outside of it clears them away."""
    for group in set(_groups()) - before:
        inner = [path for path in group.rglob("*") if path.is_dir()]
        for path in (*sorted(inner, reverse=True), group):
            with suppress(OSError):
                path.rmdir()


def _program(folder: Path) -> Iterator[str]:
    """Programs and models, where docs/deploy.md puts them."""
    place = folder / "opt"
    for name in ("venv/bin", "models", "src", "site"):
        (place / name).mkdir(parents=True)
    for program in PROGRAMS:
        script = place / "venv" / "bin" / program
        package = program.removeprefix("stillwatch-")
        found = "sys.path[:0] = ['/opt/stillwatch/src', '/opt/stillwatch/site']"
        call = f"import sys\n{found}\nfrom {package}.__main__ import main\nsys.exit(main())\n"
        script.write_text(f"#!{PYTHON}\n{call}")
        script.chmod(0o755)
    yield f"{place}:/opt/stillwatch"
    yield f"{ROOT}:/opt/stillwatch/src"
    yield f"{sysconfig.get_paths()['purelib']}:/opt/stillwatch/site"
    yield f"{ROOT / 'models'}:/opt/stillwatch/models"


def _units(wanted: bool) -> Iterator[str]:
    for unit in sorted((ROOT / "deploy" / "systemd").glob("*.service")) if wanted else ():
        yield f"{unit}:/etc/systemd/system/{unit.name}"


def _up(process: subprocess.Popen[bytes], log: Path) -> Machine:
    never = threading.Event()
    for _ in range(int(PATIENCE_S / 0.2)):
        if process.poll() is not None:
            pytest.fail(log.read_text(errors="replace"))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            machine = Machine(int(children[0]))
            state = machine.run("systemctl", "is-system-running", check=False).strip()
            if state in ("running", "degraded", "maintenance"):
                return machine
        never.wait(0.2)
    pytest.fail(f"it did not boot:\n{log.read_text(errors='replace')}")
