"""Pictures in memory as a replay's source."""

from __future__ import annotations

from collections.abc import Iterator


class Roll:
    """Named by their number."""

    def __init__(self, *pictures: bytes) -> None:
        self._pictures = pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return ((f"{n:03d}", data) for n, data in enumerate(self._pictures))
