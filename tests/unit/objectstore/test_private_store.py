"""What lies in a directory store is for its user, or for the group that somebody chose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from objectstore.store_dir import DirectoryStore

KEY = "evidence/gw/gate/2024/05/01/picture.jpg"


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077])
def _any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.stat().st_mode & 0o7777 for path in root.rglob("*")}


def test_folders_and_objects_are_the_users_alone(tmp_path: Path) -> None:
    root = tmp_path / "store"
    DirectoryStore(root).put_if_absent(KEY, b"x", "image/jpeg")
    found = modes(tmp_path)
    assert found.pop(f"store/{KEY}") == 0o600
    assert set(found.values()) == {0o700}


def test_a_root_with_the_setgid_bit_is_shared_with_its_group(tmp_path: Path) -> None:
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(0o2770)
    DirectoryStore(root).put_if_absent(KEY, b"x", "image/jpeg")
    found = modes(root)
    assert found.pop(KEY) == 0o640
    assert set(found.values()) == {0o2770}


def test_what_was_open_is_closed_and_folders_of_others_are_left(
    tmp_path: Path,
) -> None:
    for name in ("evidence", "verdicts", ".tmp", "photos"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o755)
    DirectoryStore(tmp_path)
    assert modes(tmp_path) == {"evidence": 0o700, "verdicts": 0o700, ".tmp": 0o700, "photos": 0o755}
