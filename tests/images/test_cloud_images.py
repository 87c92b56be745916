"""The cloud's images: the slim one has no TensorFlow and needs none, the full one sees."""

from __future__ import annotations

import json
from pathlib import Path

from tests.images.containers import ALONE, inspected, memory, python, readable
from tools import CHECKOUT
from tools.build.images.engine import Engine

STREET = CHECKOUT / "models" / "self_test" / "street-330.jpg"


def test_the_slim_image_has_neither_tensorflow_nor_models(engine: Engine, slim: str) -> None:
    code = """
import importlib.util, os
print([importlib.util.find_spec(name) for name in ("tensorflow", "edge", "pip")])
print(os.path.exists("/opt/stillwatch/models"))
"""
    assert python(engine, slim, code).split("\n")[:2] == ["[None, None, None]", "False"]


def test_the_slim_image_starts_and_lists_its_verbs(engine: Engine, slim: str) -> None:
    told = engine.podman("run", *ALONE, *memory(200), slim)
    assert "stage" in told


def test_the_slim_image_sorts_an_archive(engine: Engine, slim: str, tmp_path: Path) -> None:
    archive, out = tmp_path / "in", tmp_path / "out"
    archive.mkdir()
    out.mkdir()
    (archive / "yard_1700000000.jpg").write_bytes(STREET.read_bytes())
    (archive / "yard_1700000001.jpg").write_bytes(b"no picture")
    out.chmod(0o777)
    mounts = [f"--volume={readable(archive)}:/pfs/in:ro", f"--volume={out}:/pfs/out"]
    stage = ["stage", "validate", "--in", "/pfs/in", "--out", "/pfs/out"]
    engine.podman("run", *ALONE, *memory(300), *mounts, slim, *stage)
    kept = sorted(path.relative_to(out).parts[0] for path in out.rglob("*.jpg"))
    assert kept == ["invalid", "valid"]


def test_the_full_image_sees_what_its_models_were_shipped_with(
    engine: Engine, cloud: str, tmp_path: Path
) -> None:
    (tmp_path / "street.jpg").write_bytes(STREET.read_bytes())
    mount = f"--volume={readable(tmp_path)}:/pictures:ro"
    detect = ["detect", "--jsonl", "/pictures/street.jpg"]
    told = engine.podman("run", *ALONE, *memory(1500), mount, cloud, *detect)
    assert {"person", "car"} <= {found["label"] for found in json.loads(told)["detections"]}


def test_the_full_image_is_watched_over_its_own_port(engine: Engine, cloud: str) -> None:
    check = " ".join(inspected(engine, cloud)["Healthcheck"]["Test"])
    assert "STILLWATCH_CLOUD_METRICS_PORT" in check
    assert inspected(engine, cloud)["Config"]["User"] == "10001:10001"
