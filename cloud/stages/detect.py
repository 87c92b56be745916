"""The second stage: what the full model sees in every valid picture, without an opinion about it.

SHELL. Per picture a JSON record and, beside it, a link to the picture. Detections of middling score
are looked at again in a close-up, as the live path may want to; which limits count is not known
here, so that new rules need no new detection. Called by `command`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol

from cloud.confirm.evaluator import Model
from cloud.confirm.offline import CannotRun
from cloud.stages.closeup import close_up, wanted
from cloud.stages.detections import (
    CloseUp,
    DetectionRow,
    ModelName,
    PictureProblem,
    PictureRecord,
    rows_of,
)
from cloud.stages.naming import ArchiveName, parse_name
from cloud.stages.pictures import image_of
from cloud.stages.tree import InputTree, OutputTree, Unread
from imaging.admission import PictureLimits, Rejected
from imaging.detections import Image


class NamedModel(Model, Protocol):
    """The full model, which has a name for the record."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class DetectStage:
    """One run over `valid/` of a validated tree, or over a bare tree of pictures."""

    source: InputTree
    out: OutputTree
    model: NamedModel
    limits: PictureLimits
    copy: bool

    def run(self) -> dict[str, int]:
        """How many pictures were looked at, could not be, and had no archive name."""
        counts = {"pictures": 0, "problems": 0, "skipped": 0}
        for name, named in self._named():
            if named is None:
                counts["skipped"] += 1
                continue
            found = self._record(name, named)
            self._keep(name, named, found)
            counts["problems" if found.problem else "pictures"] += 1
        return counts

    def _named(self) -> Iterator[tuple[str, ArchiveName | None]]:
        below = "valid" if self.source.has_folder("valid") else ""
        for name in self.source.names(below):
            yield name, parse_name(PurePosixPath(name).name)

    def _keep(self, name: str, named: ArchiveName, found: PictureRecord) -> None:
        """The link first: a record is never without its picture."""
        path = self.source.locate(name)
        if not isinstance(path, Unread):
            self.out.place(f"{named.folder}/{named.text}", path, copy=self.copy)
        record = found.model_dump_json(exclude_none=True)
        self.out.write(f"{named.folder}/{named.stem}.json", record.encode() + b"\n")

    def _record(self, name: str, named: ArchiveName) -> PictureRecord:
        picture = self.source.read(name, self.limits.max_bytes)
        if isinstance(picture, Unread):
            raise CannotRun(
                f"{self.source.root / name} is not read: {picture.detail}; if it should be, name "
                "the folder where it lies with --links-into"
            )
        found = PictureRecord(
            picture=named.text,
            sha256=hashlib.sha256(picture).hexdigest(),
            bytes=len(picture),
            model=ModelName(name=self.model.name, sha256=self.model.sha256),
        )
        image = image_of(picture, self.limits)
        if isinstance(image, Rejected):
            problem = PictureProblem(reason=image.reason, detail=image.detail)
            return found.model_copy(update={"problem": problem})
        rows = self._detect(image)
        height, width = image.shape[:2]
        return found.model_copy(
            update={
                "width": width,
                "height": height,
                "detections": rows,
                "close_ups": tuple(self._close_up(image, rows, of) for of in wanted(rows)),
            }
        )

    def _close_up(self, image: Image, rows: tuple[DetectionRow, ...], of: int) -> CloseUp:
        crop, region = close_up(image, rows[of].box)
        height, width = crop.shape[:2]
        (found,) = self.model.close_ups([crop])
        seen = rows_of(found)
        return CloseUp(of=of, region=region, width=width, height=height, detections=seen)

    def _detect(self, image: Image) -> tuple[DetectionRow, ...]:
        (detections,) = self.model.detect([image])
        return rows_of(detections)
