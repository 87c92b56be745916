"""One frame's walk from the message to the outbox: in the order that ARCHITECTURE.md gives, and
without going to and fro between modules.

Of the modules that call the stages each call into another module is an entry, each function once;
properties are no functions to follow. An entry into a module that was entered before is a return.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import pytest

import edge
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from tests.unit.edge.daemon.desk import Desk
from tests.unit.edge.scenes import picture

ROOT = Path(edge.__file__).parent.parent
CALLERS = {
    "edge/intake/mqtt.py",
    "edge/daemon/analysis.py",
    "edge/daemon/suspicion_store.py",
    "edge/pipeline.py",
    "edge/rule_engine.py",
}
OTHER_DUTIES = {"Pipeline.flush", "AnalysisWorker._audit"}
"""What a worker does before it takes a frame."""

MOST_RETURNS = 15


@dataclass
class Walk:
    """The first call of each function, as module and name, and who called it."""

    calls: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not _is_followed(code):
            return
        callers = list(_callers(frame))
        if not any(caller.co_qualname in OTHER_DUTIES for caller in (code, *callers)):
            called_by = _module(callers[0]) if callers else None
            self.calls.setdefault((_module(code), code.co_qualname), called_by)

    def entries(self) -> list[str]:
        """The modules that the stages' callers enter, up to the outbox."""
        ways = list(self.calls.items())
        end = [called for called, _ in ways].index(("edge/deliver/outbox.py", "Outbox.put"))
        return [
            module
            for (module, name), caller in ways[: end + 1]
            if caller != module and (caller is None or caller in CALLERS)
            if not _is_property(module, name)
        ]


def _callers(frame: FrameType) -> Iterator[CodeType]:
    outer = frame.f_back
    while outer is not None:
        if _is_followed(outer.f_code):
            yield outer.f_code
        outer = outer.f_back


def _is_followed(code: CodeType) -> bool:
    ours = code.co_filename.startswith((f"{ROOT}/edge/", f"{ROOT}/imaging/"))
    return ours and not code.co_name.startswith("<")


def _module(code: CodeType) -> str:
    return str(Path(code.co_filename).relative_to(ROOT))


def _is_property(module: str, name: str) -> bool:
    owner: object = sys.modules[module.removesuffix(".py").replace("/", ".")]
    for part in name.split("."):
        owner = getattr(owner, part)
    return isinstance(owner, property)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Of the frame that raises a suspicion, in a stream."""
    mailbox = Mailbox()
    desk = Desk(tmp_path_factory.mktemp("outbox"), "camera_defaults: {kind: stream}", None, mailbox)
    config = desk.worker._settings.config
    listener = CameraListener(found=lambda _: None)
    intake = Intake(lambda: config, [mailbox], desk.counters, desk.clock, listener)
    for number in range(40):
        walked = Walk()
        shown = picture(None if number < 20 else 12 * (number - 20) + 40, seed=number)
        sys.setprofile(walked)
        try:
            intake.on_message("cameras/yard/image", shown, False, lambda: None)
            desk.worker.step()
        finally:
            sys.setprofile(None)
        if desk.funnel().suspicions:
            return walked
        desk.clock.advance(0.5)
    raise AssertionError(desk.funnel())


def test_a_frame_goes_the_way_that_the_architecture_describes(walk: Walk) -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text().partition("| stage | function |")[2]
    rows = re.findall(r"^\| [^`|]+ \| (`.+`) \| `(edge/.+)` \|$", table.partition("\n\n")[0], re.M)
    described = [(file, name) for names, file in rows for name in re.findall(r"`(.+?)`", names)]
    assert len(described) > 20
    assert [one for one in walk.calls if one in described] == described


def test_who_follows_a_frame_seldom_comes_back_to_a_module(walk: Walk) -> None:
    entries = walk.entries()
    assert len(set(entries)) > 25
    again = [module for number, module in enumerate(entries) if module in entries[:number]]
    assert len(again) <= MOST_RETURNS, again
