"""Links and half-written files: what the input cannot reach and the output cannot become."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud.confirm.offline import CannotRun
from cloud.stages.tree import InputTree, OutputTree, Unread, UnreadReason
from tests.unit.cloud.stages.archives import contents, write


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write(tmp_path / "in", {"a.jpg": b"a", "sub/b.jpg": b"bb"})


def test_names_are_in_path_order_and_links_to_folders_are_not_gone_into(archive: Path) -> None:
    (archive / "loop").symlink_to(archive)
    (archive / "broken").symlink_to("nowhere")
    assert InputTree(archive).names() == ["a.jpg", "broken", "loop", "sub/b.jpg"]
    assert InputTree(archive).names("sub") == ["sub/b.jpg"]


def test_the_input_itself_may_be_a_link_as_in_a_datum(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "pfs").symlink_to(archive)
    source = InputTree(tmp_path / "pfs")
    assert source.names() == ["a.jpg", "sub/b.jpg"]
    assert source.read("sub/b.jpg", 100) == b"bb"


def test_a_link_within_the_input_is_read(archive: Path) -> None:
    (archive / "again.jpg").symlink_to("sub/b.jpg")
    assert InputTree(archive).read("again.jpg", 100) == b"bb"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "sub/../../secret"])
def test_a_link_out_of_the_input_is_not_opened(archive: Path, target: str) -> None:
    write(archive.parent, {"secret": b"secret"})
    (archive / "out.jpg").symlink_to(target)
    found = InputTree(archive).read("out.jpg", 100)
    assert isinstance(found, Unread)
    assert found.reason == UnreadReason.LINK_OUTSIDE


def test_an_operator_may_name_where_links_lead(archive: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "a.jpg").symlink_to(archive / "a.jpg")
    assert InputTree(linked, [archive]).read("a.jpg", 100) == b"a"
    assert isinstance(InputTree(linked).read("a.jpg", 100), Unread)


def test_what_is_no_file_is_named_and_nobody_waits_for_it(archive: Path) -> None:
    os.mkfifo(archive / "pipe")
    (archive / "broken").symlink_to("nowhere")
    (archive / "loop").symlink_to("loop")
    (archive / "folder").symlink_to("sub")
    source = InputTree(archive)
    found = [source.read(name, 100) for name in ("pipe", "broken", "loop", "folder")]
    assert [one.reason for one in found if isinstance(one, Unread)] == [UnreadReason.NO_FILE] * 4


def test_of_a_large_file_a_byte_too_many_is_read(archive: Path) -> None:
    assert InputTree(archive).read("sub/b.jpg", 1) == b"bb"
    assert InputTree(write(archive, {"c": b"c" * 1000})).read("c", 10) == b"c" * 11


@pytest.mark.parametrize("out", [".", "sub/out", ".."])
def test_input_and_output_must_not_lie_in_each_other(archive: Path, out: str) -> None:
    with pytest.raises(CannotRun, match="lie in each other"):
        OutputTree(archive / out, InputTree(archive))
    assert contents(archive).keys() == {"a.jpg", "sub/b.jpg"}


def test_a_missing_input_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="is no folder"):
        InputTree(tmp_path / "nothing")


def test_a_file_replaces_a_link_and_does_not_write_through_it(
    archive: Path, tmp_path: Path
) -> None:
    out = OutputTree(tmp_path / "out", InputTree(archive))
    out.place("x/a.jpg", archive / "a.jpg", copy=False)
    again = OutputTree(tmp_path / "out", InputTree(archive))
    again.write("x/a.jpg", b"new")
    assert (tmp_path / "out" / "x" / "a.jpg").read_bytes() == b"new"
    assert (archive / "a.jpg").read_bytes() == b"a"


def test_a_folder_that_is_a_link_is_not_written_into(archive: Path, tmp_path: Path) -> None:
    out = OutputTree(tmp_path / "out", InputTree(archive))
    (tmp_path / "out" / "x").symlink_to(archive)
    with pytest.raises(CannotRun, match="through which nothing is written"):
        out.write("x/new", b"new")
    assert not (archive / "new").exists()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As if the disk were full beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_does_not_fit_is_not_there_at_all(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "out"
    with files_of_at_most(1000), pytest.raises(CannotRun, match="cannot write"):
        OutputTree(root, InputTree(archive)).write("r.json", b"1" * 5000)
    assert contents(root) == {}


def test_what_a_crash_left_is_not_followed_and_goes_with_the_next_run(
    archive: Path, tmp_path: Path
) -> None:
    root, victim = tmp_path / "out", write(tmp_path, {"victim": b"untouched"}) / "victim"
    with files_of_at_most(0), pytest.raises(CannotRun):
        OutputTree(root, InputTree(archive)).write("r.json", b"1")
    (left,) = root.iterdir()
    left.unlink()
    left.symlink_to(victim)
    OutputTree(root, InputTree(archive)).write("r.json", b"2")
    assert (victim.read_bytes(), contents(root)) == (b"untouched", {"r.json": b"2"})
    assert [path.name for path in root.iterdir()] == ["r.json"]


def test_one_run_writes_a_name_once(archive: Path, tmp_path: Path) -> None:
    out = OutputTree(tmp_path / "out", InputTree(archive))
    out.write("r.json", b"1")
    with pytest.raises(CannotRun, match="written twice"):
        out.write("r.json", b"2")


def test_a_copy_is_a_file_of_its_own(archive: Path, tmp_path: Path) -> None:
    OutputTree(tmp_path / "out", InputTree(archive)).place("c", archive / "a.jpg", copy=True)
    copied = tmp_path / "out" / "c"
    assert (copied.is_symlink(), copied.read_bytes()) == (False, b"a")
    copied.write_bytes(b"changed")
    assert (archive / "a.jpg").read_bytes() == b"a"
