"""How much memory a process has allocated, in the words of its C library."""

from __future__ import annotations

import ctypes


class Heap(ctypes.Structure):
    """glibc's `struct mallinfo2`, from malloc.h."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )
    hblkhd: int
    uordblks: int


def in_use_mb() -> float:
    """What is allocated and not freed, by glibc's own books; free memory goes back to the system,
    so that the process's size says more of what is used than of how it lies."""
    libc = ctypes.CDLL("libc.so.6")
    libc.mallinfo2.restype = Heap
    libc.malloc_trim(0)
    heap = libc.mallinfo2()
    return float(heap.uordblks + heap.hblkhd) / 1e6
