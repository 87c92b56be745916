"""A labelled corpus: a folder with `manifest.json`, which lists sequences and stills.

Per frame or still, `person`, `vehicle` and `bicycle` are true, false or null = do not score; a key
that is missing counts as null. Unknown keys are ignored. A sequence with a recipe and without a
folder is composed frame by frame when it is played. Called by the command line.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.ids import CameraId
from contract.validation_errors import first_error
from edge.replay.player import PictureSequence
from tools.evaluation.compose.materials import at_hand
from tools.evaluation.compose.recipe import SceneRecipe
from tools.evaluation.compose.render import stage
from tools.evaluation.compose.stages import StagedScene
from tools.evaluation.evaluate.events import CLASSES, Label, ObjectClass

MANIFEST = "manifest.json"

ASSUMED_FPS = 5.0
"""For footage that came without its rate; delays and rates per hour of it are as good as that."""


class CorpusError(Exception):
    """The corpus cannot be read; the text says what is wrong and where."""


class _ManifestEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LabelledBox(_ManifestEntry):
    """A thing in a picture: xyxy in pixels of what can be seen of it. `height_px` is that of the
    whole thing, `visible` the share of it that can be seen. A `partial` one is entering, leaving or
    all but hidden: an alarm may be about it, but nobody asks whether it was found."""

    label: Annotated[str, Field(alias="class")]
    xyxy: tuple[float, float, float, float]
    height_px: float | None = None
    visible: float = 1.0
    partial: bool = False

    def tall_px(self) -> float:
        """The whole thing's height."""
        return self.xyxy[3] - self.xyxy[1] if self.height_px is None else self.height_px


class Labelled(_ManifestEntry):
    """A picture, its path relative to its sequence's folder (a still's: to the corpus). `at_s` is
    its time where frames are not evenly spaced."""

    file: str
    at_s: float | None = None
    boxes: tuple[LabelledBox, ...] = ()
    person: Label = None
    vehicle: Label = None
    bicycle: Label = None
    vehicle_parked: Label = None

    def labels(self) -> dict[ObjectClass, Label]:
        return {"person": self.person, "vehicle": self.vehicle, "bicycle": self.bicycle}


_VEHICLES = re.compile(
    r"(?<![a-z])(car|van|lorry|truck|bus|vehicle|motorcycle)s?(?![a-z])", re.IGNORECASE
)
"""As a word of its own, also within `parked_van`."""


class LabelledStaticObject(_ManifestEntry):
    """What stands there and looks like a threat: its name, and xyxy in pixels; `away_s` are the
    times (s) between which it is on its way or elsewhere."""

    name: str
    xyxy: tuple[float, float, float, float]
    away_s: tuple[tuple[float, float], ...] = ()

    def stands(self, at_s: float) -> bool:
        """Whether it is at its place then."""
        return not any(left_s < at_s < back_s for left_s, back_s in self.away_s)

    def may_be(self, cls: ObjectClass) -> bool:
        """Whether an alarm of `cls` may be about it: a person's box before a parked car is about
        the person."""
        return cls != "person" or _VEHICLES.search(self.name) is None


class LabelledSequence(_ManifestEntry):
    """Frames of one fixed camera at `fps`, in order; `dir` is relative to the corpus. Where nobody
    knows the rate, `fps` is null, and `ASSUMED_FPS` is taken for it.

    A composed one has its `recipe`, how many `seconds` it stands for, and the name of its nuisance.
    `static` names what alarms may be wrong about again and again.
    """

    id: str
    dir: str
    fps: Annotated[float, Field(gt=0)] | None
    scene: str = ""
    synthetic: bool = False
    frames: tuple[Labelled, ...]
    seconds: float | None = None
    nuisance: str | None = None
    recipe: SceneRecipe | None = None
    static: tuple[LabelledStaticObject, ...] = ()

    @property
    def rate(self) -> float:
        """Frames per second, known or assumed."""
        return ASSUMED_FPS if self.fps is None else self.fps

    def times(self) -> tuple[float, ...] | None:
        """Each frame's time in seconds; None where they are evenly spaced."""
        times = tuple(frame.at_s for frame in self.frames if frame.at_s is not None)
        return times if times and len(times) == len(self.frames) else None

    def lasts_s(self) -> float:
        """How long it stands for."""
        return len(self.frames) / self.rate if self.seconds is None else self.seconds

    def cut(self, frames: int | None) -> LabelledSequence:
        """Only the first so many frames, and the time until the next."""
        if frames is None or frames >= len(self.frames):
            return self
        lasts_s = self.frames[frames].at_s
        kept = {"frames": self.frames[:frames], "seconds": lasts_s}
        return self.model_copy(update=kept)


class _CorpusManifest(_ManifestEntry):
    sequences: tuple[LabelledSequence, ...] = ()
    stills: tuple[Labelled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    root: Path
    sequences: tuple[LabelledSequence, ...]
    stills: tuple[Labelled, ...]

    def frames_of(self, sequence: LabelledSequence) -> PictureSequence:
        """The sequence's pictures; raises `MaterialError` where they cannot be composed."""
        folder = self.root / sequence.dir
        if sequence.recipe is not None and not folder.is_dir():
            return ComposedFrames(stage(sequence.recipe, at_hand()), len(sequence.frames))
        return PictureFiles([(frame.file, folder / frame.file) for frame in sequence.frames])

    def all_stills(self) -> PictureFiles:
        return PictureFiles([(still.file, self.root / still.file) for still in self.stills])

    def pictures(self) -> int:
        return len(self.stills) + sum(len(sequence.frames) for sequence in self.sequences)

    def cut(self, only: frozenset[str], frames: int | None) -> Corpus:
        """Only the sequences named (`stills` names the stills; none named: all), and of each at
        most the first `frames` pictures."""
        sequences = [s for s in self.sequences if not only or s.id in only]
        stills = self.stills if not only or "stills" in only else ()
        return Corpus(
            root=self.root,
            sequences=tuple(s.cut(frames) for s in sequences),
            stills=stills[:frames],
        )


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """The files that a manifest lists, as replay plays them: names with the bytes as they lie."""

    files: list[tuple[str, Path]]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for name, path in self.files:
            yield name, path.read_bytes()


@dataclass(frozen=True, slots=True)
class ComposedFrames:
    """The first `frames` pictures of a composed sequence, made as they are played."""

    shown: StagedScene
    frames: int

    def __len__(self) -> int:
        return self.frames

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return islice(iter(self.shown), self.frames)


class BufferedSource:
    """A source whose pictures are kept as they pass until they are taken, in their order: some
    exist only then. The replay reads one ahead."""

    def __init__(self, source: PictureSequence) -> None:
        self._source = source
        self._kept: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for name, picture in self._source:
            self._kept.append(picture)
            yield name, picture

    def taken(self) -> bytes:
        """The oldest that was not taken yet."""
        return self._kept.popleft()


def read_corpus(root: Path) -> Corpus:
    """The corpus at `root`; raises `CorpusError`."""
    path = root / MANIFEST
    try:
        manifest = _CorpusManifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise CorpusError(f"{path}: {first_error(error)}") from error
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
    """Every picture that must lie there, which those of a recipe without a folder need not."""
    for sequence in corpus.sequences:
        folder = corpus.root / sequence.dir
        if sequence.recipe is None or folder.is_dir():
            yield from (folder / frame.file for frame in sequence.frames)
    yield from (path for _, path in corpus.all_stills().files)
