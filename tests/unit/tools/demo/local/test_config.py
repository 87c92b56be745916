"""What the parts of a local run are told."""

from __future__ import annotations

import os
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from bridge import config as bridge
from edge.config.schema import DirStoreConfig, EdgeConfig
from tests.fakes import START
from tools.demo.local.config import (
    KEPT_RUNS,
    BadCamera,
    Folders,
    LocalBroker,
    bridge_config,
    bridged,
    broker_config,
    edge_config,
    make_folders,
    prune,
    sources_of,
)

BROKER = LocalBroker(host="127.0.0.1", port=2883, camera_port=2884)


def test_the_gateways_file_is_valid_and_names_broker_and_store(tmp_path: Path) -> None:
    config = EdgeConfig.model_validate(
        yaml.safe_load(edge_config(BROKER, Folders(run=tmp_path), metrics_port=2885))
    )
    assert (config.intake.broker.host, config.intake.broker.port) == ("127.0.0.1", 2883)
    assert config.deliver.store == DirStoreConfig(path=tmp_path / "store")
    assert config.deliver.outbox.path == tmp_path / "outbox"
    assert config.runtime.metrics_port == 2885


def test_the_gateways_file_leaves_the_rules_as_they_ship(tmp_path: Path) -> None:
    config = yaml.safe_load(edge_config(BROKER, Folders(run=tmp_path), 1))
    assert not {"gate", "detect", "decide"} & config.keys()


def test_the_embedded_broker_listens_on_loopback_only_and_takes_large_pictures() -> None:
    config = tomllib.loads(broker_config(BROKER))
    assert config["v4"]["1"]["listen"] == "127.0.0.1:2884"
    assert config["v5"]["1"]["listen"] == "127.0.0.1:2883"
    assert config["v5"]["1"]["connections"]["max_payload_size"] > 2_000_000


def test_cameras_are_named_after_their_sources_and_never_alike() -> None:
    paths = [Path("a/Front Door.mp4"), Path("b/front-door.avi"), Path("c/été")]
    assert [source.camera for source in sources_of(paths)] == ["front-door", "front-door-2", "t"]


def test_old_runs_give_way_and_a_named_folder_stays(tmp_path: Path) -> None:
    base = tmp_path / "var"
    for hour in range(KEPT_RUNS + 3):
        make_folders(None, base, START + timedelta(hours=hour))
    assert len(list(base.iterdir())) == KEPT_RUNS
    kept = make_folders(tmp_path / "mine", base, START)
    assert kept.alarms.is_dir()
    assert kept.run == tmp_path / "mine"


def test_a_store_that_grows_too_large_loses_its_oldest_files(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "old", "oldest")):
        file = tmp_path / name / "file"
        file.parent.mkdir()
        file.write_bytes(bytes(100))
        os.utime(file, (1000 - age, 1000 - age))
    prune(tmp_path, 150)
    assert [path.parent.name for path in tmp_path.rglob("file")] == ["new"]


def test_real_cameras_are_told_to_the_bridge(tmp_path: Path) -> None:
    cameras = bridged(["rtsp://camera.lan/2", str(tmp_path)], 5.0, None, None)
    told = bridge.BridgeConfig.model_validate(yaml.safe_load(bridge_config(BROKER, cameras, 5.0)))
    assert told.broker.port == BROKER.port
    assert [(name, one.source, one.rate_fps) for name, one in told.cameras.items()] == [
        ("camera-1", "rtsp://camera.lan/2", 5.0),
        ("camera-2", f"folder:{tmp_path}", 5.0),
    ]


def test_a_camera_that_the_bridge_would_refuse_is_refused_before_anything_starts() -> None:
    with pytest.raises(BadCamera, match="password_file"):
        bridged(["rtsp://eve:s3cret@camera.lan/2"], 5.0, None, None)
