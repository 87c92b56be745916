"""Lives of a gateway's state on a disk that fails or dies at every call, one after the other.

Run under the shim (`LD_PRELOAD`): `python -m tests.faults.shim_life SHIM FOLDER MODE FIRST STEP`.
For each point a child is forked, lives one life and says what was acknowledged; then the state is
opened as a start would, on a sound disk, and held against that. Prints one JSON line per life.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.config.live import LAST_GOOD, begin, keep
from edge.config.load import read
from edge.daemon.switches import Switches
from edge.deliver.outbox import REPAIR_S
from edge.errors import ConfigError
from edge.static_objects.store import LOOK_S, RETRY_S, StaticStore
from objectstore.store import StoreError
from objectstore.store_dir import DirectoryStore
from service.events import configure
from tests.unit.edge.daemon.test_switches import ARMED, TOPICS
from tests.unit.edge.deliver.bundles import CAMERA, bundle, name, verdict
from tests.unit.edge.deliver.site import Site
from tests.unit.edge.static_objects.static_rims import parked

MODES = {
    "kill": (0, 0),
    "full": (errno.ENOSPC, 1),
    "read_only": (errno.EROFS, 1),
    "io_error": (errno.EIO, 0),
    "io_errors": (errno.EIO, 1),
}
MOST = 5000

Say = Callable[[str], None]


@dataclass
class Life:
    """One gateway's state while it runs; each step is said once it is promised."""

    site: Site
    say: Say

    def __post_init__(self) -> None:
        folder = self.site.folder
        self.outbox = self.site.open()
        self.outbox.next_epoch()
        self.static = StaticStore(folder, self.site.clock)
        self.switches = Switches(folder, TOPICS, lambda _: True)
        self.store = DirectoryStore(folder.parent / "store")
        self.config = read(b"", {"STILLWATCH__DELIVER__OUTBOX__PATH": str(folder)})
        self.memory = parked()

    def live(self, heal: Callable[[], None]) -> None:
        """All of it; from `heal` on the disk is well again."""
        with suppress(OSError):
            keep(self.config)
            self.say("config")
        for number in (1, 2, 3):
            assert self.outbox.put(bundle(number, severity=number, shared="scene"))
            self.say(f"put {number}")
        self.switches.on_message(ARMED, b"OFF", retained=False)
        self.switches.turn()
        self._carry()
        self._decide()
        self._remember()
        self._remember()
        self.outbox.sweep()
        heal()
        self._recover()

    def _carry(self) -> None:
        """The most severe one to the store and to the broker."""
        entry = self.outbox.deliveries.next_due(self.site.mono())
        assert entry is not None
        assert entry.report_id == name(3)
        pictures = self.outbox.pictures(entry)
        assert pictures == bundle(3, severity=3, shared="scene").pictures
        with suppress(StoreError):
            for picture in pictures:
                self.store.put_if_absent(picture.key, picture.jpeg, "image/jpeg")
                self.say(f"stored {picture.key}")
        self.outbox.deliveries.mark_stored(name(3))
        self.outbox.deliveries.mark_reported(name(3), self.site.mono() + 30)

    def _decide(self) -> None:
        assert self.outbox.close_with(verdict(3, "confirmed"), ["site"])
        self.say("decided 3")
        while (notification := self.outbox.notifications.next("site")) is not None:
            self.outbox.notifications.end(notification.key, "delivered")
            self.say(f"told {notification.report_id}")
        assert self.outbox.close_with(verdict(2, "unconfirmed"), ["site", "cloud"])
        self.say("missed 2")

    def _remember(self) -> None:
        self.site.clock.advance(LOOK_S)
        self.memory = self.static.sync(CAMERA, self.memory)

    def _recover(self) -> None:
        """What the disk did not take before, it takes now."""
        self.site.clock.advance(max(REPAIR_S, RETRY_S))
        assert self.outbox.repair(), self.outbox.depth()
        assert self.outbox.depth().trouble is None, self.outbox.depth()
        self.switches.keep_again()
        keep(self.config)
        self._remember()
        self.outbox.sweep()
        self.say("healed")
        self.outbox.close()
        self.static.close()
        self.say("closed")


@dataclass
class Found:
    """What a start on a sound disk says of it; `wrong` must be empty."""

    wrong: list[str] = field(default_factory=list)

    def check(self, promised: bool, words: str) -> None:
        if not promised:
            self.wrong.append(words)


def verify(site: Site, said: list[str]) -> Found:
    found, folder = Found(), site.folder
    site.losses.clear()
    outbox = site.open()
    found.check(outbox.depth().trouble is None, f"trouble {outbox.depth().trouble}")
    found.check(site.losses == [], f"losses {site.losses}")
    for number in (1, 2, 3):
        if f"put {number}" not in said:
            continue
        entry = outbox.find(name(number))
        found.check(entry is not None, f"{number} is lost")
        if entry is None:
            continue
        if number == 3 and "decided 3" in said:
            found.check(entry.state == "done", f"3 is {entry.state}")
        elif entry.state in ("pending", "stored", "reported"):
            whole = bundle(number, severity=number, shared="scene").pictures
            found.check(outbox.pictures(entry) == whole, f"pictures of {number}")
        if number == 2 and "missed 2" in said:
            found.check(entry.decision == "unconfirmed", f"2 is {entry.decision}")
    waiting = outbox.notifications.next("site")
    again = waiting is not None and f"told {waiting.report_id}" in said
    found.check(not again, "told twice")
    outbox.next_epoch()
    outbox.close()
    _verify_rest(site, said, found)
    shutil.rmtree(folder.parent)
    return found


def _verify_rest(site: Site, said: list[str], found: Found) -> None:
    folder = site.folder
    static = StaticStore(folder, site.clock)
    things = static.load(CAMERA).objects
    static.close()
    switches = Switches(folder, TOPICS, lambda _: True)
    if "healed" in said:
        found.check(len(things) == 1, "static memory")
        found.check(bool(switches.positions), "switches")
    broken = folder.parent / "broken.yaml"
    broken.write_text(f"deliver: {{outbox: {{path: {folder}}}}}\nx: 1")
    try:
        begin(broken, {})
    except ConfigError as error:
        found.check("config" not in said, f"{LAST_GOOD}: {error}")
    store = DirectoryStore(folder.parent / "store")
    for picture in bundle(3, severity=3, shared="scene").pictures:
        if f"stored {picture.key}" in said:
            found.check(store.get(picture.key, 10_000) == picture.jpeg, "stored object")
        elif (folder.parent / "store" / picture.key).exists():
            found.check(store.get(picture.key, 10_000) == picture.jpeg, "torn object")


def live_at(shim: ctypes.CDLL, root: Path, mode: str, point: int) -> tuple[list[str], int, int]:
    """One life in a child: what it said, its exit status or minus its signal, calls seen."""
    code, lasting = MODES[mode]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            site = Site(root / "outbox")
            shim.shim_arm(str(root).encode(), point, code, lasting)
            heal = shim.shim_disarm if code else lambda: None  # a kill may come to the last line
            Life(site, lambda words: _say(writer, words)).live(heal)
            _say(writer, f"calls {shim.shim_seen()}")
            status = 0
        except BaseException:  # noqa: BLE001, a child has no caller: what it met is told, then it ends
            shim.shim_disarm()
            _say(writer, "error " + traceback.format_exc().replace("\n", " | "))
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as lines:
        said = lines.read().splitlines()
    _, status = os.waitpid(child, 0)
    calls = next((int(line.split()[1]) for line in said if line.startswith("calls ")), -1)
    return said, os.waitstatus_to_exitcode(status), calls


def _say(pipe: int, words: str) -> None:
    os.write(pipe, f"{words}\n".encode())


def main(shim_file: str, folder: str, mode: str, first: int, step: int) -> None:
    shim = ctypes.CDLL(shim_file)
    configure(sink=lambda _: None)
    for point in range(first, MOST, step):
        root = Path(folder) / f"{mode}-{point}"
        root.mkdir(parents=True)
        said, status, calls = live_at(shim, root, mode, point)
        found = verify(Site(root / "outbox"), said)
        line = {"point": point, "status": status, "calls": calls, "wrong": found.wrong}
        errors = [one for one in said if one.startswith("error ")]
        sys.stdout.write(json.dumps(line | {"said": len(said), "errors": errors}) + "\n")
        if status == 0 and calls <= point:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
