"""State and evidence are for the daemon's user alone, also what an older version left open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from edge.storage.state_files import StateFile, patterns
from tests.servers import Broker
from tests.system.daemons import cli, unready, wait
from tests.system.sites import STREET, Ear, edge, settings


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    """What another user could open: files and folders that he gets to, with a right for him."""
    found = []
    for path in sorted(folder.iterdir()):
        mode = path.stat().st_mode
        if mode & 0o077:
            found.append(f"{path.relative_to(folder.parent)} {stat.filemode(mode)}")
            if path.is_dir():
                found += readable_by_others(path)
    return found


def open_up(*folders: Path) -> None:
    """As versions before this one left their files."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def suspect(ear: Ear, root: str) -> None:
    before = len(ear.on("gw/gate/suspect"))
    ear.publish(f"{root}-cameras/gate/image", STREET)
    assert ear.wait(lambda: len(ear.on("gw/gate/suspect")) > before)


def test_what_the_daemon_writes_only_its_user_can_read(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config):
        suspect(listening, root)
        listening.publish(f"{root}/gw/gate/armed/set", b"OFF")
        assert listening.wait(lambda: listening.on("gw/gate/armed/state")[-1:] == [b"OFF"])
        kept = {path.name for path in (tmp_path / "outbox").iterdir()}
        assert {"outbox.sqlite", "switches.json", "last-good-config.json", "static.db"} <= kept
        assert readable_by_others(tmp_path / "outbox") == []
        assert readable_by_others(tmp_path / "store") == []
        assert [name for name in kept if not any(fnmatch(name, one) for one in patterns())] == []
    for folder in ("outbox", "store"):
        assert (tmp_path / folder).stat().st_mode & 0o077 == 0


def test_what_an_older_version_left_open_is_closed_at_the_next_start(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    with edge(tmp_path, config):
        suspect(listening, root)
    (tmp_path / "outbox" / StateFile.SELF_TEST).write_text("{}")
    open_up(tmp_path / "outbox", tmp_path / "store")
    with edge(tmp_path, config) as daemon:
        assert daemon.events("state_exposed") == []
        suspect(listening, root)
        assert (tmp_path / "outbox").stat().st_mode & 0o077 == 0
        assert readable_by_others(tmp_path / "outbox") == []
        assert readable_by_others(tmp_path / "store") == []


def test_a_folder_that_others_use_too_stays_open_for_them(
    mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path)
    with edge(tmp_path, config):
        pass
    (tmp_path / "outbox" / "notes.txt").write_text("not ours")
    open_up(tmp_path / "outbox")
    with edge(tmp_path, config):
        assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o755
        assert readable_by_others(tmp_path / "outbox") == ["outbox/notes.txt -rw-r--r--"]


def test_a_plain_and_nameless_way_to_the_cloud_is_told_at_the_start(
    mosquitto: Broker, root: str, tmp_path: Path
) -> None:
    config = settings(mosquitto, root, tmp_path, uplink={"host": "192.0.2.1"})
    with unready(tmp_path, config) as daemon:
        wait(daemon, lambda: len(daemon.events("link_exposed")) == 2)
        wait(daemon, lambda: len(daemon.health().get("exposed", [])) == 2)
        told = [event["reason"] for event in daemon.events("link_exposed")]
        assert told == daemon.health()["exposed"]
        assert "in the clear" in told[0]


def test_check_config_and_errors_say_no_password(tmp_path: Path) -> None:
    secret = "of-the-store-9"  # noqa: S105, the point of the test
    file = tmp_path / "edge.yaml"
    store = f"deliver:\n  store:\n    type: s3\n    bucket: evidence\n    endpoint_url: http://u:{secret}@h"
    file.write_text(f"{store}/x?token={secret}\n")
    good = cli("check-config", "--config", file, folder=tmp_path)
    assert good.returncode == 0
    assert "endpoint_url" in good.stdout
    assert secret not in good.stdout + good.stderr
    file.write_text(f"{store}\ngateway: http://u:{secret}@h\nhttp://u:{secret}@h: 1\n")
    bad = cli("check-config", "--config", file, folder=tmp_path)
    assert bad.returncode == 78
    assert "gateway" in bad.stderr
    assert secret not in bad.stdout + bad.stderr
