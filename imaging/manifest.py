"""The manifest of a model: what a network takes, gives, is made of and may be used for.

PURE (but for reading the files it is given). A model is a folder with `manifest.json`; any
`.tflite` or SavedModel with a manifest can be configured. Edge and cloud read the same format.
Whatever does not fit is a `ModelError` that says what, with which value, and what to do.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MANIFEST_FILE = "manifest.json"
MODELS_VARIABLE = "STILLWATCH_MODELS"
CHECKOUT_MODELS = Path(__file__).resolve().parent.parent / "models"

Family = Literal["nanodet", "ssd", "yolo"]
Decoder = Literal["nanodet", "centernet", "tf_od", "scored_boxes", "fused"]


class ManifestPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(ManifestPart):
    """The tensor that goes in. Pixels are normalised as `(value - mean) / std` per channel.

    For quantised inputs the tensor's own scale and zero point are applied after that; mean 0 and
    std 1 with a uint8 tensor means that raw pixels go straight in.
    """

    width: Annotated[int, Field(ge=32, le=4096)]
    height: Annotated[int, Field(ge=32, le=4096)]
    dtype: Literal["uint8", "int8", "float32"] = "uint8"
    channels: Literal["rgb", "bgr"] = "rgb"
    resize: Literal["letterbox", "stretch"] = "letterbox"
    pad: Annotated[int, Field(ge=0, le=255)] = 114
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    close_up_px: Annotated[int, Field(ge=0, le=4096)] | None = None
    """Sides of the grey picture in which a smaller close-up is laid, so that it is not enlarged too
    far; 0 for never. Left away, the cloud's own (384)."""


class Thresholds(ManifestPart):
    score: Annotated[float, Field(ge=0, le=1)] = 0.25
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.6
    max_detections: Annotated[int, Field(ge=1, le=1000)] = 100


class Fusion(ManifestPart):
    """Weighted box fusion over member models (folders beside this one).

    An object's score is the mean of its `best_of` highest scores, with 0 for who does not see it;
    left away, of all members.
    """

    members: Annotated[tuple[str, ...], Field(min_length=2, max_length=4)]
    iou: Annotated[float, Field(gt=0, le=1)] = 0.55
    best_of: Annotated[int, Field(ge=1, le=4)] | None = None


class SelfTest(ManifestPart):
    """A picture beside the manifest and what the model must find in it, within `tolerance`.

    `boxes` are xyxy in pixels of the picture; a found box must overlap by `min_iou`.
    """

    picture: str
    labels: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    score_tolerance: Annotated[float, Field(gt=0, le=1)] = 0.1
    min_iou: Annotated[float, Field(gt=0, le=1)] = 0.6


class Licence(ManifestPart):
    spdx: str
    attribution: str
    notes: str = ""


class Manifest(ManifestPart):
    """Version 1. `file` is relative to the folder; `sha256` is of the file, or of the SavedModel's
    tree (see `tree_sha256`), or for a fused model of its members' hashes joined by newlines."""

    version: Literal[1] = 1
    name: str
    role: Literal["edge", "cloud"]
    format: Literal["tflite", "savedmodel", "fused"]
    file: str | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]
    family: Family | None = None
    decoder: Decoder | None = None
    input: Input | None = None
    labels: tuple[str, ...]
    quantisation: str
    thresholds: Thresholds = Thresholds()
    fusion: Fusion | None = None
    self_test: SelfTest | None = None
    licence: Licence
    recipe: str


class ModelError(Exception):
    """A model cannot be used; somebody has to change a file. The text says which and how."""


def find_model(name_or_path: str) -> Path:
    """The model's folder: a path, or a name under `$STILLWATCH_MODELS`, then the checkout's models.

    Raises `ModelError` with every place that was looked at.
    """
    roots = [Path(root) for root in [os.environ.get(MODELS_VARIABLE, "")] if root]
    places = [Path(name_or_path), *(root / name_or_path for root in [*roots, CHECKOUT_MODELS])]
    for place in places:
        if (place / MANIFEST_FILE).is_file():
            return place
    looked = ", ".join(str(place / MANIFEST_FILE) for place in places)
    raise ModelError(
        f"model {name_or_path!r} was not found: there is no {looked}; give a folder with a "
        f"{MANIFEST_FILE}, or set {MODELS_VARIABLE}"
    )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the model in `folder`; raises `ModelError`."""
    path = folder / MANIFEST_FILE
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ModelError(f"{path} is no manifest: {faults}") from error
    lacking = _lacking(manifest)
    if lacking:
        raise ModelError(f"{path}: a {manifest.format} model for the {manifest.role} {lacking}")
    return manifest


def _lacking(manifest: Manifest) -> str:
    """The first thing that is missing or contradicts another, as the end of a sentence; or ""."""
    test, single = manifest.self_test, manifest.format != "fused"
    file, spread = manifest.file or "", manifest.input.std if manifest.input else (1.0,)
    faults = (
        (
            (manifest.format == "tflite") != (manifest.role == "edge"),
            "does not exist: the edge runs tflite, the cloud savedmodel or fused",
        ),
        (
            manifest.role == "edge" and manifest.family is None,
            f"needs 'family', one of {', '.join(get_args(Family))}",
        ),
        (
            manifest.role == "cloud" and manifest.decoder is None,
            f"needs 'decoder', one of {', '.join(get_args(Decoder))}",
        ),
        (single == (manifest.decoder == "fused"), "has a decoder that contradicts its format"),
        (not single and manifest.fusion is None, "needs 'fusion' with its members"),
        (
            manifest.fusion is not None
            and (manifest.fusion.best_of or 1) > len(manifest.fusion.members),
            "asks for the best scores of more members than it has: lower fusion.best_of",
        ),
        (single and not (file and manifest.input), "needs 'file' and 'input'"),
        (not _stays_inside(file), f"names the file {file!r}, which lies outside its folder"),
        (min(spread) <= 0, f"has input.std {spread}, each of which must be above 0"),
        (
            test is not None and not len(test.labels) == len(test.boxes) == len(test.scores),
            "has a self_test with unequal numbers of labels, boxes and scores",
        ),
    )
    return next((text for faulty, text in faults if faulty), "")


def _stays_inside(file: str) -> bool:
    path = PurePosixPath(file)
    return not path.is_absolute() and ".." not in path.parts


def weights_path(folder: Path, manifest: Manifest) -> Path:
    """The `.tflite` file or SavedModel folder; raises `ModelError` if it is not there."""
    path = folder / (manifest.file or "")
    present = path.is_file() if manifest.format == "tflite" else path.is_dir()
    if manifest.file is None or not present:
        raise ModelError(
            f"model {manifest.name}: {path} is missing; build it with 'make models' or correct "
            f"'file' in {folder / MANIFEST_FILE}"
        )
    return path


def tree_sha256(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its `sha256sum`-like list in path order.

    A line of the list is `<hex of the file>  <posix path below the folder>\n`.
    """
    if path.is_file():
        return _file_sha256(path)
    lines = [f"{_file_sha256(file)}  {name}\n" for name, file in _files(path)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def tree_bytes(path: Path) -> int:
    """Size of a file, or of all files of a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for _, file in _files(path))


def fused_sha256(members: tuple[Manifest, ...]) -> str:
    """SHA-256 of the members' hashes in their order, joined by newlines."""
    return hashlib.sha256("\n".join(member.sha256 for member in members).encode()).hexdigest()


def read_members(folder: Path, manifest: Manifest) -> tuple[tuple[Path, Manifest], ...]:
    """The folders (beside this one) and manifests of a fused model's members."""
    names = manifest.fusion.members if manifest.fusion else ()
    beside = folder.resolve().parent
    members = tuple((beside / name, read_manifest(beside / name)) for name in names)
    for path, member in members:
        if member.format != "savedmodel":
            raise ModelError(
                f"model {manifest.name}: member {path} is {member.format}, not a savedmodel"
            )
    return members


def verify(folder: Path, manifest: Manifest) -> None:
    """Size and hash of the weights are those of the manifest, else `ModelError`."""
    if manifest.format == "fused":
        found = fused_sha256(tuple(member for _, member in read_members(folder, manifest)))
        size = manifest.bytes
    else:
        path = weights_path(folder, manifest)
        found, size = tree_sha256(path), tree_bytes(path)
    if (found, size) != (manifest.sha256, manifest.bytes):
        raise ModelError(
            f"model {manifest.name}: {folder / (manifest.file or '')} has {size} bytes and sha256 "
            f"{found}, the manifest says {manifest.bytes} and {manifest.sha256}; the file is "
            "damaged or another one: fetch it again, or write its own manifest"
        )


def _files(folder: Path) -> list[tuple[str, Path]]:
    files = [(p.relative_to(folder).as_posix(), p) for p in folder.rglob("*") if p.is_file()]
    return sorted(files)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
