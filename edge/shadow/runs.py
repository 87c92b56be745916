"""Replays for updates: each in a process of its own, beside the gateway, never two at once.

SHELL. A thread feeds the process and waits for it; the control loop asks whether it is done. A
process that is killed, hangs or fails is a result too, which says so. Made by `gateway`, asked by
`edge.daemon.config_target`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from pydantic import ValidationError

from contract.shadow import ShadowOutcome, ShadowResult
from edge.config.schema import EdgeConfig
from edge.shadow.pipe import clip_parts, order_line
from edge.shadow.recent_frames import Footage, RecentFrames
from service.clock import Clock

COMMAND = (sys.executable, "-m", "edge.shadow.process")
GRACE_S = 30.0
"""Beside its own time: interpreter and networks open, the frame under way ends."""
_REMEMBERED = 4
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class ShadowPair:
    """What is compared, and digests that name it."""

    before: EdgeConfig
    after: EdgeConfig
    key: tuple[str, str]


class ShadowRuns:
    """Results by what was compared; the latest are remembered."""

    def __init__(
        self, recent: RecentFrames, clock: Clock, command: Sequence[str] = COMMAND
    ) -> None:
        self.recent, self._clock, self._command = recent, clock, command
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], ShadowResult] = {}
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def result(self, pair: ShadowPair) -> ShadowResult | None:
        """What came of it; None while it is under way. The first call begins it, or one after
        another that is under way has ended."""
        with self._lock:
            found = self._found.pop(pair.key, None)
        if found is not None:
            return found
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._run, args=(pair,), name="shadow", daemon=True
            )
            self._thread.start()
        return None

    @property
    def running(self) -> bool:
        """Whether a process is under way."""
        return self._process is not None

    def stop(self) -> None:
        """The gateway ends: so does what runs beside it."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _run(self, pair: ShadowPair) -> None:
        footage = self.recent.footage()
        if footage:
            found = self._replayed(pair, footage)
        else:
            found = ShadowResult(
                outcome=ShadowOutcome.NOTHING_TO_REPLAY,
                detail="no frames in which anything moved are held since the start",
            )
        with self._lock:
            self._found[pair.key] = found
            for key in list(self._found)[:-_REMEMBERED]:
                del self._found[key]

    def _replayed(self, pair: ShadowPair, footage: Sequence[Footage]) -> ShadowResult:
        max_run_s, began_s = pair.before.manage.shadow.max_run_s, self._clock.mono()
        try:
            process = self._opened()
        except OSError as error:
            return _failed(f"its process cannot be started: {error}", 0.0)
        feed, process.stdin = process.stdin, None  # else `communicate` would close it
        feeder = threading.Thread(
            target=_feed, args=(feed, pair, footage, max_run_s), name="shadow-feed", daemon=True
        )
        feeder.start()
        late = False
        try:
            out, errors = process.communicate(timeout=max_run_s + GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            (out, errors), late = process.communicate(), True
        feeder.join()
        with self._lock:
            self._process = None
        took_s = self._clock.mono() - began_s
        if late:
            return _failed(f"it was not done in {max_run_s + GRACE_S:g} s", took_s)
        return _read(process.returncode, out, errors, took_s)

    def _opened(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise OSError("the gateway is ending")
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            return self._process


def _read(status: int, out: bytes, errors: bytes, took_s: float) -> ShadowResult:
    if status < 0:
        return _failed(f"its process was ended by signal {-status}", took_s)
    if status:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no reason"]
        return _failed(lines[-1][:_LONGEST_REASON], took_s)
    try:
        return ShadowResult.model_validate_json(out)
    except ValidationError:
        return _failed("its answer cannot be read", took_s)


def _feed(
    feed: IO[bytes] | None, pair: ShadowPair, footage: Sequence[Footage], max_run_s: float
) -> None:
    """A process that ends early, as its time is up, leaves the rest."""
    if feed is None:
        return
    with suppress(BrokenPipeError):
        feed.write(order_line(pair.before, pair.after, max_run_s))
        for one in footage:
            for part in clip_parts(one.camera, one.frames):
                feed.write(part)
    with suppress(BrokenPipeError):
        feed.close()


def _failed(why: str, took_s: float) -> ShadowResult:
    return ShadowResult(outcome=ShadowOutcome.FAILED, detail=why, took_s=round(took_s, 1))
