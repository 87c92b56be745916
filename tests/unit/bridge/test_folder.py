"""A folder gives new, complete, ordinary files, in the order of writing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.picture import Ready, jpeg_format_of
from bridge.sources import folder
from bridge.sources.folder import NewFiles, listed
from tests.cameras import jpeg
from tests.fakes import ManualClock


def test_what_was_there_at_first_is_old_and_what_grows_is_waited_for() -> None:
    files = NewFiles()
    assert files.find({"old.jpg": (1, 10)}) == []
    assert files.find({"old.jpg": (1, 10), "new.jpg": (2, 5)}) == []
    assert files.find({"old.jpg": (1, 10), "new.jpg": (3, 9)}) == []
    assert files.find({"old.jpg": (1, 10), "new.jpg": (3, 9)}) == ["new.jpg"]
    assert files.find({"old.jpg": (1, 10), "new.jpg": (3, 9)}) == []


def test_a_file_that_is_written_anew_is_new_and_order_is_by_time() -> None:
    files = NewFiles()
    files.find({"a.jpg": (1, 10)})
    now = {"a.jpg": (9, 10), "b.jpg": (7, 3), "c.jpg": (8, 3)}
    assert files.find(now) == []
    assert files.find(now) == ["b.jpg", "c.jpg", "a.jpg"]


def test_links_hidden_files_and_others_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / ".b.jpg").write_bytes(jpeg())
    (tmp_path / "c.zip").write_bytes(b"PK")
    (tmp_path / "d.jpg").symlink_to("/etc/passwd")
    (tmp_path / "e.jpg").mkdir()
    os.mkfifo(tmp_path / "f.jpg")
    assert list(listed(tmp_path)) == ["a.jpg"]


def test_a_file_that_became_a_link_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "d.jpg").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "f.jpg")
    assert folder.read(tmp_path / "d.jpg", 100) is None
    assert folder.read(tmp_path / "f.jpg", 100) is None


def test_a_folder_that_is_gone_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SourceFault) as fault:
        listed(tmp_path / "gone")
    assert fault.value.reason is FaultReason.UNREACHABLE


def test_new_pictures_are_given_out(tmp_path: Path) -> None:
    jpeg_format = jpeg_format_of(None, 85, 2_000_000, 9_000_000)
    camera = SourceConfig(source=f"folder:{tmp_path}", rate_fps=10)
    clock = ManualClock()
    (tmp_path / "old.jpg").write_bytes(jpeg(1))

    class Writing(ManualClock):
        """Another picture is written while it is waited for."""

        def wait(self, event: threading.Event, timeout_s: float) -> bool:
            (tmp_path / "new.jpg").write_bytes(jpeg(2))
            os.utime(tmp_path / "new.jpg", (5, 5))
            return clock.wait(event, timeout_s)

    found = folder.frames(camera, tmp_path, jpeg_format, Writing(), threading.Event())
    assert [next(found), next(found)] == [Ready.READY, jpeg(2)]
