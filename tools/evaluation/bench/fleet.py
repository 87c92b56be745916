"""`python -m tools.evaluation.bench.fleet`: many simulated gateways at one real Mosquitto.

Time until the cloud's side has seen all births, until a signed configuration was taken by all, and
until all are back after a restart of the broker; processor time and memory of the broker and of the
operator's commands. Prints a table of docs/scale.md. Exit status 1 if a gateway was lost, or obeyed
an order twice.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.manage.fleet_link import FleetLink
from cloud.manage.gateways import KnownGateway
from cloud.settings import Settings
from contract.update_state import OrderOutcome
from service import events
from service.clock import SystemClock
from service.documents import table
from tools import CHECKOUT
from tools.demo.local.config import HOST, free_port
from tools.evaluation.bench import bridge_stage as stage
from tools.evaluation.bench.fleet_stage import FleetProcesses
from tools.evaluation.bench.stopwatch import this_machine

ROOT = "bench"
PATIENCE_S = 600.0
LOOK_S = 0.2
STATS_S = 1.0
_HEAD = ("what", "until all", "processor time", "memory")


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: seconds, seconds of processor, megabytes at most."""

    wall_s: float
    cpu_s: float
    resident_mb: float


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.bench.fleet", description=__doc__
    )
    parser.add_argument("--gateways", type=int, default=50, help="how many (%(default)s)")
    options = parser.parse_args(arguments)
    events.configure(level="error")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the broker inherits it
    print(f"{this_machine().line()}; {options.gateways} gateways", flush=True)
    try:
        with tempfile.TemporaryDirectory() as place:
            return _measured(options.gateways, Path(place))
    except (stage.StageError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1


def _measured(count: int, folder: Path) -> int:
    port, clock = free_port(), SystemClock()
    office = [f"--broker=mqtt://{HOST}:{port}", f"--root={ROOT}", f"--store=dir:{folder}/store"]
    rows = []
    with _broker(folder, port) as broker:
        trust, order = _order(folder, office)
        settings = Settings(broker=f"mqtt://{HOST}:{port}", root=ROOT)
        with FleetProcesses(count, port, ROOT, trust, folder) as gateways:
            with FleetLink(settings, clock) as view:
                begin = time.monotonic()
                gateways.start()
                _until(lambda: sum(one.online for one in view.gateways().values()) == count)
                rows.append(("births seen", _since(begin), "", ""))
                begin = time.monotonic()
                ran = _run("config", "publish", str(order), *office)
                _until(lambda: sum(map(_applied, view.gateways().values())) == count)
                rows.append(("`config publish`, and reported by all", _since(begin), *_costs(ran)))
            rows += _status_rows(gateways, office)
            rows.append(("broker so far", "", *_of_broker(broker.pid)))
            broker.terminate()
            broker.wait()
            with _broker(folder, port) as again:
                rows.append(_back(gateways, again.pid))
            found = gateways.tallies()
    lost = [one for one in found if len(one.connected_at_s) < 2 or one.refused]
    wrong = [one for one in found if one.obeyed != 1]
    print(table(_HEAD, rows))
    print(f"lost: {len(lost)}; obeyed not exactly once: {len(wrong)}")
    return 1 if lost or wrong else 0


def _applied(gateway: KnownGateway) -> bool:
    said = gateway.reported.get("config")
    return said is not None and said.outcome is OrderOutcome.APPLIED


def _status_rows(
    gateways: FleetProcesses, office: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """`config status` in a fleet that says nothing meanwhile, and in one that says statistics."""
    ran = _run("config", "status", "--json", *office[:2])
    yield "`config status`", f"{ran.wall_s:.1f} s", *_costs(ran)
    with _talking(gateways):
        ran = _run("config", "status", "--json", *office[:2])
    yield (
        "the same, while each says its statistics once a second",
        f"{ran.wall_s:.1f} s",
        *_costs(ran),
    )


@contextmanager
def _talking(gateways: FleetProcesses) -> Iterator[None]:
    over = threading.Event()

    def talk() -> None:
        while not over.wait(STATS_S):
            gateways.talk()

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _back(gateways: FleetProcesses, broker: int) -> tuple[str, str, str, str]:
    begin = time.monotonic()
    _until(lambda: all(len(one.connected_at_s) > 1 for one in gateways.tallies()), 1.0)
    at = sorted(one.connected_at_s[1] for one in gateways.tallies())
    most = max(bisect_right(at, first + 1.0) - number for number, first in enumerate(at))
    what = f"broker restarted; at most {most} came back within a second"
    return what, f"{at[-1] - begin:.1f} s", *_of_broker(broker)


def _order(folder: Path, office: Sequence[str]) -> tuple[Path, Path]:
    """A root of trust and a signed order for all, by the operator's commands."""
    key, root, order = folder / "key", folder / "root.json", folder / "order.json"
    _run("keygen", str(key))
    roles = [f"--key={role}={key}.pub" for role in ("root", "config", "model")]
    _run("root", "init", str(root), *roles, f"--sign={key}")
    _run("root", "publish", str(root), *office)
    patch = folder / "patch.yaml"
    patch.write_text("detect: {min_score: 0.4}\n")
    to = ["--for-percent=100", "--reason=bench", f"--sign={key}", f"--out={order}", office[2]]
    _run("config", "sign", str(patch), *to)
    return root, order


def _run(*arguments: str) -> Ran:
    """One of the operator's commands, which must succeed."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "cloud", *arguments]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    cpu_s = used.ru_utime + used.ru_stime
    return Ran(time.monotonic() - begin, cpu_s, used.ru_maxrss / 1000)


@contextmanager
def _broker(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """With its state on disk, as the shipped configuration has it."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    file, data = folder / "mosquitto.conf", folder / "data"
    data.mkdir(exist_ok=True)
    lines = [f"listener {port} {HOST}", "allow_anonymous true", "user root", "persistence true"]
    file.write_text("\n".join([*lines, f"persistence_location {data}/", ""]))
    with stage.process([program, "-c", str(file)], folder / "mosquitto.log") as running:
        stage.wait(lambda: stage.accepts(port), "mosquitto")
        yield running


def _until(reached: Callable[[], bool], look_s: float = LOOK_S) -> None:
    begin, never = time.monotonic(), threading.Event()
    while not reached():
        if time.monotonic() - begin > PATIENCE_S:
            raise stage.StageError(f"not all gateways came within {PATIENCE_S:g} s")
        never.wait(look_s)


def _since(begin: float) -> str:
    return f"{time.monotonic() - begin:.1f} s"


def _costs(ran: Ran) -> tuple[str, str]:
    return f"{ran.cpu_s:.1f} s", f"{ran.resident_mb:.0f} MB"


def _of_broker(pid: int) -> tuple[str, str]:
    return f"{stage.cpu_s(pid):.1f} s", f"{stage.resident_mb(pid):.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
