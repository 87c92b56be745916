"""Whether the service's user may read a file is found by the rights of all on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.service_unit.readable import HIDDEN, ServiceUser, hidden, may_read, service_user

DYNAMIC = ServiceUser()


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that others may read, in a folder that they may pass."""
    folder = tmp_path_factory.mktemp("open")
    for one in (folder, *folder.parents[:3]):
        if one.stat().st_uid == os.geteuid() and one not in HIDDEN:
            one.chmod(one.stat().st_mode | 0o055)
    path = folder / "file"
    path.write_text("x")
    path.chmod(0o644)
    return path


def test_others_read_what_is_open_all_the_way(file: Path) -> None:
    assert may_read(DYNAMIC, file)
    file.chmod(0o640)
    assert not may_read(DYNAMIC, file)
    file.chmod(0o644)
    file.parent.chmod(0o700)
    assert not may_read(DYNAMIC, file)


def test_a_group_and_an_owner_read_by_their_own_bits(file: Path) -> None:
    group = ServiceUser(4_000_000, frozenset({file.stat().st_gid}))
    owner = ServiceUser(file.stat().st_uid, frozenset())
    file.chmod(0o640)
    assert may_read(group, file)
    assert may_read(owner, file)
    file.chmod(0o604)
    assert not may_read(group, file)
    file.chmod(0o044)
    assert not may_read(owner, file)


def test_a_link_is_read_where_it_leads(file: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    link = file.with_name("link")
    (closed / "secret").write_text("x")
    link.symlink_to(closed / "secret")
    assert not may_read(DYNAMIC, link)
    link.unlink()
    link.symlink_to(link)
    with pytest.raises((OSError, RuntimeError)):
        may_read(DYNAMIC, link)


def test_hidden_is_what_the_units_sandbox_takes_away() -> None:
    """`ProtectHome=` and `PrivateTmp=`, as systemd.exec(5) says."""
    top = Path("/")
    homes = {top / "home", top / "root", top / "run" / "user"}
    assert set(HIDDEN) == homes | {top / "tmp", top / "var" / "tmp"}


@pytest.mark.parametrize("folder", HIDDEN, ids=str)
def test_what_is_in_a_hidden_folder_is_hidden(folder: Path) -> None:
    assert hidden(folder / "venv/bin/python") == folder
    assert hidden(folder.with_name(f"{folder.name}ly") / "x") is None


def test_what_leads_to_a_hidden_folder_is_hidden(tmp_path: Path) -> None:
    link = tmp_path / "venv"
    link.symlink_to(HIDDEN[0] / "ada")
    assert hidden(link / "bin") == HIDDEN[0]


def test_a_user_that_does_not_exist_has_nobodys_rights() -> None:
    assert service_user("nobody-of-this-name") == DYNAMIC
    assert service_user("root").uid == 0
