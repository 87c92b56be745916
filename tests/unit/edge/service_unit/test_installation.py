"""What stands in the way of an installation is said before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.service_unit.installation import (
    SHIPPED,
    UNIT,
    InstallationFailed,
    install,
    present,
    refuse_edited,
    require_systemd,
    uninstall,
)
from edge.service_unit.unit import UnitOrigin, UnitPaths, rendered

PATHS = UnitPaths(program=Path("/p"), config=Path("/c"), models=Path("/m"))
OURS = rendered(SHIPPED.read_text(encoding="utf-8"), PATHS)


def test_only_root_under_systemd_installs(tmp_path: Path) -> None:
    with pytest.raises(InstallationFailed, match="systemd does not run here"):
        require_systemd(0, tmp_path / "nothing")
    with pytest.raises(InstallationFailed, match="only root"):
        require_systemd(1000, tmp_path)
    require_systemd(0, tmp_path)


@pytest.mark.parametrize("action", [install, uninstall])
def test_a_persons_unit_is_left_alone_and_what_would_be_lost_is_said(
    action: object, tmp_path: Path
) -> None:
    edited = OURS.replace("MemoryMax=768M", "MemoryMax=2G")
    (tmp_path / UNIT).write_text(edited)
    assert callable(action)
    with pytest.raises(InstallationFailed, match=r"systemctl edit(.|\n)*\+MemoryMax=2G"):
        list(action(OURS, False, tmp_path))
    assert (tmp_path / UNIT).read_text() == edited


def test_a_mask_and_a_link_are_a_persons(tmp_path: Path) -> None:
    (tmp_path / UNIT).symlink_to("/dev/null")
    found = present(tmp_path)
    assert found.origin is UnitOrigin.FOREIGN
    with pytest.raises(InstallationFailed, match="-> /dev/null"):
        refuse_edited(found, OURS, tmp_path)


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / UNIT).mkdir()
    with pytest.raises(InstallationFailed, match="cannot be read: Is a directory"):
        list(install(OURS, True, tmp_path))


def test_bytes_that_are_no_text_are_a_persons(tmp_path: Path) -> None:
    (tmp_path / UNIT).write_bytes(b"\xff\xfe[Unit]\x00")
    assert present(tmp_path).origin is UnitOrigin.FOREIGN


def test_nothing_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert list(uninstall(OURS, False, tmp_path)) == [f"there is no {tmp_path / UNIT}"]
