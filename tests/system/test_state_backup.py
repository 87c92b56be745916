"""The state of a gateway goes into one file and comes back, with what waits in its outbox."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest
import yaml

from edge.storage.backup import BackupError, back_up, restore
from tests.servers import Broker
from tests.system.daemons import cli, kept, wait
from tests.system.sites import ear, edge, settings
from tests.system.test_arming import suspicions, walk
from tests.unit.cloud.stages.archives import contents

pytestmark = pytest.mark.slow


def test_what_waits_is_delivered_by_a_gateway_that_was_restored(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"bak{os.getpid()}"
    config = settings(mosquitto, root, tmp_path)
    config["cameras"] = {"yard": {"kind": "stream"}}
    archive, file = tmp_path / "state.tar.gz", tmp_path / "edge.yaml"
    with (
        ear(mosquitto, f"{root}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        walk(camera, root, daemon, 0)
        wait(daemon, lambda: suspicions(daemon) > 0)
        refused = cli("state", "backup", archive, "--config", file, folder=tmp_path)
        assert refused.returncode == 78
        assert "stop the daemon first" in refused.stderr
        assert not archive.exists()
    waiting, before = kept(tmp_path), contents(tmp_path / "outbox")
    assert waiting > 0
    done = cli("state", "backup", archive, "--config", file, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    (tmp_path / "outbox" / "outbox.sqlite").write_bytes(b"lost")
    again = cli("state", "restore", archive, "--config", file, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "outbox.before-1" / "outbox.sqlite").read_bytes() == b"lost"
    assert contents(tmp_path / "outbox").keys() == {
        name for name in before if not name.endswith(("-wal", "-shm")) and "watch/" not in name
    }  # what is restored begins a proof of watch of its own
    assert kept(tmp_path) == waiting


def forged(archive: Path, name: str, kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(archive, "w:gz") as opened:
        manifest = tarfile.TarInfo("MANIFEST.json")
        manifest.size = 2
        opened.addfile(manifest, io.BytesIO(b"{}"))
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        opened.addfile(member, io.BytesIO())
    return archive


def test_a_damaged_or_hostile_archive_changes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "switches.json").write_text("{}")
    whole = tmp_path / "whole"
    assert back_up(state, whole) == 1
    body = whole.read_bytes()
    archives = [
        forged(tmp_path / "up", "../up.txt"),
        forged(tmp_path / "absolute", "/tmp/absolute.txt"),  # noqa: S108, a name in an archive
        forged(tmp_path / "link", "link", tarfile.SYMTYPE),
        forged(tmp_path / "more", "more.json"),
        tmp_path / "torn",
        tmp_path / "nothing",
        tmp_path / "absent",
    ]
    archives[4].write_bytes(body[: len(body) // 2])
    archives[5].write_bytes(b"")
    for archive in archives:
        with pytest.raises(BackupError):
            restore(archive, state)
        assert contents(state) == {"switches.json": b"{}"}
    assert {path.name for path in tmp_path.iterdir()} == {
        "state", "whole", *(one.name for one in archives[:-1])
    }  # fmt: skip
    with pytest.raises(BackupError, match="there is no state"):
        back_up(tmp_path / "nowhere", tmp_path / "out")


def test_a_new_gateway_takes_up_the_state_of_an_old_one(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "switches.json").write_text("{}")
    back_up(old, tmp_path / "archive")
    config = tmp_path / "edge.yaml"
    new = tmp_path / "deep" / "new"
    config.write_text(yaml.safe_dump({"deliver": {"outbox": {"path": str(new)}}}))
    done = cli("state", "restore", tmp_path / "archive", "--config", config, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert contents(new) == contents(old)
