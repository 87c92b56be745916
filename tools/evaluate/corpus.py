"""A labelled corpus: a folder with `manifest.json`, which lists sequences and stills.

Per frame or still, `person`, `vehicle` and `bicycle` are true, false or null = do not score; a key
that is missing counts as null. Unknown keys are ignored. Called by the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.ids import CameraId
from tools.evaluate.events import CLASSES, Label, ObjectClass

MANIFEST = "manifest.json"


class CorpusError(Exception):
    """The corpus cannot be read; the text says what is wrong and where."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Labelled(_Entry):
    """A picture, its path relative to its sequence's folder (a still's: to the corpus)."""

    file: str
    person: Label = None
    vehicle: Label = None
    bicycle: Label = None
    vehicle_parked: Label = None

    def labels(self) -> dict[ObjectClass, Label]:
        return {"person": self.person, "vehicle": self.vehicle, "bicycle": self.bicycle}


class Sequence(_Entry):
    """Frames of one fixed camera at `fps`, in order; `dir` is relative to the corpus."""

    id: str
    dir: str
    fps: Annotated[float, Field(gt=0)]
    scene: str = ""
    synthetic: bool = False
    frames: tuple[Labelled, ...]


class _Manifest(_Entry):
    sequences: tuple[Sequence, ...] = ()
    stills: tuple[Labelled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    root: Path
    sequences: tuple[Sequence, ...]
    stills: tuple[Labelled, ...]

    def frames_of(self, sequence: Sequence) -> Pictures:
        folder = self.root / sequence.dir
        return Pictures([(frame.file, folder / frame.file) for frame in sequence.frames])

    def all_stills(self) -> Pictures:
        return Pictures([(still.file, self.root / still.file) for still in self.stills])

    def pictures(self) -> int:
        return len(self.stills) + sum(len(sequence.frames) for sequence in self.sequences)

    def cut(self, only: frozenset[str], frames: int | None) -> Corpus:
        """Only the sequences named (`stills` names the stills; none named: all), and of each at
        most the first `frames` pictures."""
        sequences = [s for s in self.sequences if not only or s.id in only]
        stills = self.stills if not only or "stills" in only else ()
        return Corpus(
            root=self.root,
            sequences=tuple(s.model_copy(update={"frames": s.frames[:frames]}) for s in sequences),
            stills=stills[:frames],
        )


@dataclass(frozen=True, slots=True)
class Pictures:
    """The files that a manifest lists, as replay plays them: names with the bytes as they lie."""

    files: list[tuple[str, Path]]

    def sizes(self) -> tuple[int, ...]:
        """Bytes of each picture, in order."""
        return tuple(path.stat().st_size for _, path in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for name, path in self.files:
            yield name, path.read_bytes()


def read_corpus(root: Path) -> Corpus:
    """The corpus at `root`; raises `CorpusError`."""
    path = root / MANIFEST
    try:
        manifest = _Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"{path}: {where}: {first['msg']}") from error
    corpus = Corpus(root=root, sequences=manifest.sequences, stills=manifest.stills)
    missing = [str(file) for file in _files(corpus) if not file.is_file()]
    if missing:
        raise CorpusError(f"{len(missing)} pictures of {path} are missing, first {missing[0]}")
    if not corpus.pictures():
        raise CorpusError(f"{path} lists no pictures")
    return corpus


def camera_id(name: str) -> CameraId:
    """A camera id made of a sequence's."""
    return CameraId(re.sub("[^a-z0-9_-]", "-", name.lower())[:64] or "camera")


def label_rows(frames: tuple[Labelled, ...]) -> dict[ObjectClass, tuple[Label, ...]]:
    """Per class the labels of all frames, in order."""
    labels = [frame.labels() for frame in frames]
    return {cls: tuple(row[cls] for row in labels) for cls in CLASSES}


def _files(corpus: Corpus) -> Iterator[Path]:
    for sequence in corpus.sequences:
        yield from (path for _, path in corpus.frames_of(sequence).files)
    yield from (path for _, path in corpus.all_stills().files)
