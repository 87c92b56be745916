"""Work that is tried again and again: why it ended, as a fault, and how long to wait.

SHELL. The worker boundary: what nobody expected becomes a fault too, so that no thread of a camera
ends. Waits have full jitter. Called by `worker` and `motion_watch`.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from bridge.fault import FaultReason, SourceFault
from service.backoff import delay_s
from service.events import Event, log
from service.redact import redacted

STEADY_S = 10.0
"""What went well for so long begins anew with short waits."""


def fault_of(work: Callable[[], None], worker: str) -> SourceFault | None:
    """Why `work` ended, in words without secrets; None if it returned."""
    try:
        work()
    except SourceFault as fault:
        return SourceFault(fault.reason, redacted(fault.detail))
    except OSError as error:  # a password or certificate that cannot be read
        return SourceFault(FaultReason.SECRET, f"{error.filename}: {error.strerror}")
    except Exception as error:  # noqa: BLE001, the worker boundary: one camera ends no other
        log(Event.WORKER_FAILED, worker=worker, error=type(error).__name__)
        return SourceFault(FaultReason.DEFECT, f"unexpected {type(error).__name__}")
    return None


class Retries:
    """How often in a row something failed."""

    def __init__(self, reconnect_max_s: float, rng: random.Random) -> None:
        self._reconnect_max_s = reconnect_max_s
        self._rng = rng
        self._failures = 0

    def wait_s(self, fault: SourceFault, lasted_s: float) -> float:
        """Until the next try, after one that lasted `lasted_s` ended by `fault`."""
        steady = lasted_s >= STEADY_S + self._floor_s(fault)
        self._failures = 0 if steady else self._failures + 1
        jitter_s = delay_s(self._failures, self._reconnect_max_s, self._rng)
        return max(jitter_s, self._floor_s(fault))

    def _floor_s(self, fault: SourceFault) -> float:
        """A wrong password is tried seldom: cameras lock an account out."""
        return self._reconnect_max_s / 2 if fault.reason is FaultReason.REFUSED else 0.0
