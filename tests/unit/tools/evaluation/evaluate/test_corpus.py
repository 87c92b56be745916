"""The corpus: what its manifest lists, and what is refused."""

import json
from pathlib import Path

import pytest

from tools.evaluation.evaluate.corpus import CorpusError, camera_id, label_rows, read_corpus


def write(root: Path, manifest: object) -> Path:
    for name in ("yard/0.jpg", "yard/1.jpg", "yard/2.jpg", "stills/a.jpg", "stills/b.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(name.encode())
    (root / "manifest.json").write_text(json.dumps(manifest))
    return root


def frame(file: str, **labels: bool | None) -> dict[str, object]:
    return {"file": file, "src_frame": 7, **labels}


MANIFEST = {
    "readme": "made up",
    "sequences": [
        {
            "id": "yard",
            "dir": "yard",
            "fps": 5,
            "frames": [
                frame("0.jpg", person=True, vehicle=False, bicycle=False, vehicle_parked=True),
                frame("1.jpg", person=None, vehicle=False, bicycle=False),
                frame("2.jpg", person=False),
            ],
        }
    ],
    "stills": [frame("stills/a.jpg", person=True), frame("stills/b.jpg", person=False)],
}


def test_pictures_come_in_the_manifests_order(tmp_path: Path) -> None:
    corpus = read_corpus(write(tmp_path, MANIFEST))
    frames = corpus.frames_of(corpus.sequences[0])
    assert list(frames) == [(f"{n}.jpg", f"yard/{n}.jpg".encode()) for n in range(3)]
    assert [name for name, _ in corpus.all_stills()] == ["stills/a.jpg", "stills/b.jpg"]


def test_a_label_that_is_null_or_missing_is_not_scored(tmp_path: Path) -> None:
    rows = label_rows(read_corpus(write(tmp_path, MANIFEST)).sequences[0].frames)
    assert rows["person"] == (True, None, False)
    assert rows["vehicle"] == (False, False, None)


def test_a_part_can_be_chosen_and_cut_short(tmp_path: Path) -> None:
    corpus = read_corpus(write(tmp_path, MANIFEST))
    assert corpus.cut(frozenset({"yard"}), 2).pictures() == 2
    assert corpus.cut(frozenset({"stills"}), None).pictures() == 2
    assert corpus.cut(frozenset(), 1).pictures() == 2
    assert corpus.cut(frozenset(), None) == corpus


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    root = write(tmp_path, MANIFEST)
    (root / "yard" / "1.jpg").unlink()
    with pytest.raises(CorpusError, match=r"1 pictures .* missing, first .*yard/1.jpg"):
        read_corpus(root)


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ({"sequences": [{"id": "yard", "dir": "yard", "fps": 0, "frames": []}]}, "fps"),
        ({"stills": [{"person": True}]}, "stills.0.file"),
        ({}, "lists no pictures"),
    ],
    ids=["a rate of zero", "a still without file", "nothing at all"],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    tmp_path: Path, manifest: object, complaint: str
) -> None:
    with pytest.raises(CorpusError, match=complaint):
        read_corpus(write(tmp_path, manifest))


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"manifest.json cannot be read"):
        read_corpus(tmp_path)


def test_a_camera_id_is_made_of_any_name() -> None:
    assert camera_id("Parking Lot/2") == "parking-lot-2"
    assert camera_id("") == "camera"
