"""Manifests: what is read, what is refused and why, and how trees are hashed."""

import hashlib
import json
from pathlib import Path

import pytest

from imaging.manifest import (
    MANIFEST_FILE,
    MODELS_VARIABLE,
    Manifest,
    ModelError,
    find_model,
    fused_sha256,
    read_manifest,
    read_members,
    tree_bytes,
    tree_sha256,
    verify,
    weights_path,
)
from tests.models import manifest_of, write_manifest


def with_weights(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(content)
    return write_manifest(folder)


def test_a_model_is_found_by_its_folder(tmp_path: Path) -> None:
    assert find_model(str(write_manifest(tmp_path / "own"))) == tmp_path / "own"


def test_a_model_is_found_by_its_name_below_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest(tmp_path / "own")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    assert find_model("own") == tmp_path / "own"


def test_an_unknown_model_is_an_error_that_names_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError) as error:
        find_model("nowhere")
    assert str(tmp_path / "nowhere") in str(error.value)
    assert MODELS_VARIABLE in str(error.value)


def test_a_good_manifest_is_read(tmp_path: Path) -> None:
    assert read_manifest(write_manifest(tmp_path)).labels == ("person", "car")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no manifest"),
        ("{", "is no manifest"),
        (json.dumps(manifest_of(labels=3)), "labels: "),
        (json.dumps(manifest_of(colour="red")), "colour: "),
        (json.dumps(manifest_of(version=2)), "version: "),
        (json.dumps(manifest_of(sha256="abc")), "sha256: "),
        (json.dumps(manifest_of(role="cloud")), "the edge runs tflite"),
        (json.dumps(manifest_of(family=None)), "needs 'family'"),
        (
            json.dumps(manifest_of(role="cloud", format="savedmodel", family=None)),
            "needs 'decoder'",
        ),
        (json.dumps(manifest_of(decoder="fused")), "contradicts its format"),
        (
            json.dumps(manifest_of(role="cloud", format="fused", decoder="fused")),
            "needs 'fusion'",
        ),
        (json.dumps(manifest_of(input=None)), "needs 'file' and 'input'"),
        (json.dumps(manifest_of(file="../model.tflite")), "outside its folder"),
        (json.dumps(manifest_of(file="/etc/passwd")), "outside its folder"),
        (
            json.dumps(manifest_of(input={"width": 64, "height": 64, "std": [1, 0, 1]})),
            "must be above 0",
        ),
        (
            json.dumps(
                manifest_of(
                    self_test={"picture": "a.jpg", "labels": ["car"], "boxes": [], "scores": [1]}
                )
            ),
            "unequal numbers",
        ),
    ],
    ids=lambda value: value if " " in value and "{" not in value else "",
)
def test_a_bad_manifest_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / MANIFEST_FILE).write_text(text)
    with pytest.raises(ModelError, match=reason):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_manifest(tmp_path)


def test_weights_as_described_pass(tmp_path: Path) -> None:
    folder = with_weights(tmp_path)
    verify(folder, read_manifest(folder))


@pytest.mark.parametrize("content", [b"weightz", b"weights and more", b""])
def test_changed_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    folder = with_weights(tmp_path)
    (folder / "model.tflite").write_bytes(content)
    with pytest.raises(ModelError, match=r"the manifest says 7 and .*damaged or another one"):
        verify(folder, read_manifest(folder))


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    folder = write_manifest(tmp_path)
    with pytest.raises(ModelError, match=r"model\.tflite is missing"):
        weights_path(folder, read_manifest(folder))


def test_the_hash_of_a_tree_is_that_of_its_list(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables" / "data").write_bytes(b"numbers")
    lines = (
        f"{hashlib.sha256(b'graph').hexdigest()}  saved_model.pb\n"
        f"{hashlib.sha256(b'numbers').hexdigest()}  variables/data\n"
    )
    assert tree_sha256(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()
    assert tree_bytes(tmp_path) == len(b"graphnumbers")


def test_renaming_a_file_changes_the_hash_of_its_tree(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"same")
    before = tree_sha256(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert tree_sha256(tmp_path) != before


def fused(root: Path, **fields: object) -> tuple[Path, Manifest]:
    members = []
    for name in ("one", "two"):
        (root / name / "saved_model").mkdir(parents=True)
        (root / name / "saved_model" / "graph").write_text(name)
        cloud = {"role": "cloud", "family": None, "format": "savedmodel", "decoder": "nanodet"}
        write_manifest(root / name, file="saved_model", **cloud)
        members.append(read_manifest(root / name))
    both = {
        "role": "cloud",
        "format": "fused",
        "decoder": "fused",
        "family": None,
        "file": None,
        "fusion": {"members": ["one", "two"]},
        "sha256": fused_sha256(tuple(members)),
    }
    folder = write_manifest(root / "both", **{**both, **fields})
    return folder, read_manifest(folder)


def test_a_fused_model_has_the_hash_of_its_members(tmp_path: Path) -> None:
    folder, manifest = fused(tmp_path)
    verify(folder, manifest)
    assert [path.name for path, _ in read_members(folder, manifest)] == ["one", "two"]


def test_a_fused_model_with_a_changed_member_is_refused(tmp_path: Path) -> None:
    folder, manifest = fused(tmp_path, sha256="0" * 64)
    with pytest.raises(ModelError, match="damaged or another one"):
        verify(folder, manifest)


def test_a_member_for_the_edge_is_refused(tmp_path: Path) -> None:
    folder, manifest = fused(tmp_path)
    write_manifest(tmp_path / "two")
    with pytest.raises(ModelError, match="is tflite, not a savedmodel"):
        read_members(folder, manifest)


@pytest.mark.parametrize(("best_of", "fits"), [(None, True), (1, True), (2, True), (3, False)])
def test_a_fused_model_counts_no_more_scores_than_it_has_members(
    tmp_path: Path, best_of: int | None, fits: bool
) -> None:
    fusion = {"members": ["one", "two"], "best_of": best_of}
    if fits:
        verify(*fused(tmp_path, fusion=fusion))
        return
    with pytest.raises(ModelError, match="more members than it has"):
        fused(tmp_path, fusion=fusion)
