"""Another model from afar: fetched from the object store, tried, in force, or refused."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.keys import model_key
from contract.update import ModelFile, Targets
from imaging.manifest import CHECKOUT_MODELS
from objectstore.store_dir import DirectoryStore
from tests.contract.orders import CAROL, LATER, MODEL_ORDER, sign_order
from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.orders import GATEWAY, order
from tests.system.sites import Ear, ear, edge
from tests.system.test_updates import camera, managed, publish, until, watched

MODEL = CHECKOUT_MODELS / "nanodet-g-320-int8"

Change = Callable[[dict[str, Any], dict[str, bytes]], None]

pytestmark = pytest.mark.slow


def unchanged(_: dict[str, Any], __: dict[str, bytes]) -> None:
    """As it is."""


def model_order(
    version: int, store: DirectoryStore, change: Change = unchanged, spoil: Change = unchanged
) -> bytes:
    """The smaller model, or what `change` makes of manifest and files before they are signed; what
    `spoil` leaves of the files is put into the store."""
    manifest = json.loads((MODEL / "manifest.json").read_text())
    bodies = {"model.tflite": (MODEL / "model.tflite").read_bytes()}
    change(manifest, bodies)
    files = tuple(
        ModelFile(name=name, sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
        for name, body in bodies.items()
    )
    spoil(manifest, bodies)
    for one in files:
        if one.name in bodies:
            store.replace(model_key(one.sha256), bodies[one.name], "")
    ordered = MODEL_ORDER.model_copy(
        update={
            "version": version,
            "expires_at": LATER,
            "targets": Targets(gateways=(GATEWAY,)),
            "name": manifest["name"],
            "manifest": json.dumps(manifest),
            "files": files,
        }
    )
    return sign_order(ordered, CAROL)


def order_model(cloud: Ear, content: bytes) -> None:
    publish(cloud, content, "gw/model/desired")


def test_a_model_comes_into_force_beside_a_configuration_and_stays_over_restarts(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path, health_window_s=4)
    store = DirectoryStore(tmp_path / "store")
    sha256 = json.loads((MODEL / "manifest.json").read_text())["sha256"]
    with (
        ear(cloud_broker, root) as cloud,
        camera(site_broker, f"{root}-cameras/yard/image"),
    ):
        with edge(tmp_path, config) as daemon:
            watched(daemon, frames=5)
            order_model(cloud, model_order(1, store))
            applied = until(cloud, "reported", "applied", 1, "model")
            assert (applied.effective.version, applied.effective.digest) == (1, sha256)
            watched(daemon, frames=5)
            publish(cloud, order(1, "detect: {min_score: 0.3}"))
            until(cloud, "reported", "applied", 1)
        with edge(tmp_path, config) as daemon:
            watched(daemon, frames=5)
            assert daemon.events("model_opened")[0]["sha256"] == sha256
            info = json.loads(cloud.on("gw/info")[-1])
            assert info["model_sha256"] == sha256
            assert (info["update_version"], info["model_update_version"]) == (1, 1)


def other_bytes(_: dict[str, Any], bodies: dict[str, bytes]) -> None:
    bodies["model.tflite"] = bodies["model.tflite"][:-1] + b"!"


def a_missing_file(_: dict[str, Any], bodies: dict[str, bytes]) -> None:
    del bodies["model.tflite"]


def another_hash(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["sha256"] = "0" * 64


def another_shape(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["input"] |= {"width": 512, "height": 512}


def another_type(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["input"]["dtype"] = "float32"


def other_labels(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["labels"] = manifest["labels"][::-1]


def nothing_to_find(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    del manifest["self_test"]


def no_manifest(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["family"] = "magic"


def of_the_cloud(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest |= {"role": "cloud", "format": "savedmodel", "decoder": "nanodet"}


def weights(change: Callable[[bytes], bytes]) -> Change:
    """Other weights, with their right hash in the manifest."""

    def changed(manifest: dict[str, Any], bodies: dict[str, bytes]) -> None:
        body = change(bodies["model.tflite"])
        bodies["model.tflite"] = body
        manifest |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}

    return changed


def zeroed(body: bytes) -> bytes:
    """What a network is that knows nothing, or no network at all."""
    begin, end = len(body) // 3, 2 * len(body) // 3
    return body[:begin] + bytes(end - begin) + body[end:]


SPOILED: dict[Change, str] = {
    a_missing_file: "no object models/",
    other_bytes: "not the file that was signed",
}
"""In the store, after it was signed."""

BAD: dict[Change, str] = {
    another_hash: "sha256",
    another_shape: "512",
    another_type: "float32",
    other_labels: "self-test",
    nothing_to_find: "no self-test",
    no_manifest: "no manifest",
    of_the_cloud: "for the cloud",
    weights(zeroed): "",
    weights(lambda body: body[: len(body) // 2]): "",
    weights(lambda body: bytes(len(body))): "",
    weights(lambda body: random.Random(1).randbytes(len(body))): "",
}


def test_bad_models_are_refused_and_the_old_one_goes_on(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = managed(site_broker, cloud_broker, root, tmp_path)
    with ear(cloud_broker, root) as cloud:
        with edge(tmp_path, config) as daemon:
            model = daemon.events("model_opened")[0]["sha256"]
            orders = [(words, {"spoil": one}) for one, words in SPOILED.items()]
            orders += [(words, {"change": one}) for one, words in BAD.items()]
            for version, (words, how) in enumerate(orders, 1):
                store = DirectoryStore(tmp_path / "store")
                order_model(cloud, model_order(version, store, **how))
                refused = until(cloud, "rejected", "rejected", version, "model")
                assert refused.refusal == "model_refused"
                assert refused.reasons[0]
                assert words in refused.reasons[0]
                assert (refused.effective.version, refused.effective.digest) == (None, model)
            assert len(daemon.events("model_opened")) == 1
        with unready(tmp_path, config) as daemon:
            wait(daemon, lambda: bool(daemon.events("model_opened")))
            assert daemon.events("model_opened")[0]["sha256"] == model
