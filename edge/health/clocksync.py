"""Whether the wall clock can be trusted: what the kernel says of it, and two floors under it.

SHELL. A board without a battery starts in 1970, or at the hour of its last shutdown, until a time
server answers. The kernel knows whether anything disciplines its clock (STA_UNSYNC of adjtimex(2),
as `timedatectl` shows it). A time before this program was written, or before one that was trusted
earlier, is wrong whatever the kernel says. Called for reports, verdicts and ages.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from service.clock import Clock

WRITTEN_AT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock of a gateway that runs this program can rightly show an earlier time."""
SET_BACK = timedelta(hours=1)
"""What a correction of a sound clock may take back."""

_STA_UNSYNC = 0x0040
_TIMEX_WORDS = 64


class _Timex(ctypes.Structure):
    """The beginning of the kernel's `struct timex`; `rest` is more than what follows."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * _TIMEX_WORDS),
    )


def kernel_synchronised() -> bool | None:
    """Whether the kernel's clock is disciplined; None where it does not answer (a sandbox)."""
    asked = _Timex(modes=0)
    try:
        if ctypes.CDLL(None).adjtimex(ctypes.byref(asked)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return not asked.status & _STA_UNSYNC


class ClockSync:
    """Asked whenever a time is said or an age is computed; any thread may ask."""

    def __init__(
        self,
        clock: Clock,
        kernel: Callable[[], bool | None] = kernel_synchronised,
        *,
        floor: datetime,
    ) -> None:
        """`floor` is the newest time that an earlier start trusted, at least `WRITTEN_AT`."""
        self._clock = clock
        self._kernel = kernel
        self._floor = max(floor, WRITTEN_AT)

    def __call__(self) -> bool:
        """Whether the wall clock is trusted now; a time that is, is a floor from then on."""
        now = self._clock.now()
        if self._kernel() is False or now < self._floor - SET_BACK:
            return False
        self._floor = max(self._floor, now)
        return True
