"""What an emulated ARM processor lacks: a description of itself that fits what it can do.

Under user-mode emulation /proc/cpuinfo is the host's, which the inference libraries read and fall
over, and the processor has every extension there is, in combinations that no board has. Both
become those of a Raspberry Pi 4.
"""

from __future__ import annotations

import os
from pathlib import Path

MODEL = "cortex-a72"
CPUINFO = """\
processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""


def as_a_board(folder: Path) -> tuple[str, ...]:
    """Options for a container of an emulated program; none where nothing is emulated."""
    if os.uname().machine == "aarch64":
        return ()
    file = folder / "cpuinfo"
    file.write_text("".join(CPUINFO.format(number=n) for n in range(os.cpu_count() or 1)))
    file.chmod(0o644)
    return f"--env=QEMU_CPU={MODEL}", f"--volume={file}:/proc/cpuinfo:ro"
