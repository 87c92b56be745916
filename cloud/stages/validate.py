"""The first stage: which files of an archive are usable pictures, and why the others are not.

SHELL over the same admission and decoder as the live path. Writes `valid/<device>/<day>/<name>`,
`invalid/<reason>/<path in the archive>`, and in `rejected/` JSON lines that name each refused file
with its reason and finding. What is no file, or a link out of the archive, is only named. Called
by `command`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from cloud.stages.naming import PATTERN, ArchiveName
from cloud.stages.pictures import image_of
from cloud.stages.spellings import NamePattern, evidence_name, evidence_of, own_name
from cloud.stages.tree import InputTree, OutputTree, Unread, UnreadReason
from imaging.admission import PictureLimits, Reason, Rejected

_DEVICE_DAY = re.compile(r"[a-z0-9_-]{1,64}/[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Misfit(StrEnum):
    """Why a file has no place in the archive, whatever it holds."""

    BAD_NAME = "bad_name"
    MISPLACED = "misplaced"
    DUPLICATE = "duplicate"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRefusal:
    """Why a file is not usable: the reason by which it is filed, and the finding in words."""

    reason: Reason | Misfit | UnreadReason
    detail: str


@dataclass(kw_only=True)
class ValidateStage:
    """One run over an archive."""

    source: InputTree
    out: OutputTree
    limits: PictureLimits
    placed: bool
    """Whether every picture must lie in `<device>/<day>/`, its own."""
    copy: bool
    pattern: NamePattern | None = None
    """How the files are spelled, if otherwise than `naming` says."""
    _first: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By archive name: the path and hash of the valid picture that has it."""

    def run(self) -> dict[str, int]:
        """How many files were valid and invalid."""
        self.out.folder("valid")
        lines: defaultdict[str, list[str]] = defaultdict(list)
        for name in self.source.names():
            refusal = self._file(name)
            if refusal is not None:
                line = {"file": name, "reason": refusal.reason, "detail": refusal.detail}
                lines[self._record_of(name)].append(json.dumps(line) + "\n")
        for record, refused in lines.items():
            self.out.write(record, "".join(refused).encode())
        return {"valid": len(self._first), "invalid": sum(map(len, lines.values()))}

    def _file(self, name: str) -> FileRefusal | None:
        """Files `name` away; says why, if among the invalid."""
        path = self.source.locate(name)
        if isinstance(path, Unread):
            return FileRefusal(reason=path.reason, detail=path.detail)
        found = self._examined(name)
        if isinstance(found, FileRefusal):
            self.out.place(f"invalid/{found.reason}/{name}", path, copy=self.copy)
            return found
        self.out.place(f"valid/{found.folder}/{found.text}", path, copy=self.copy)
        return None

    def _examined(self, name: str) -> ArchiveName | FileRefusal:
        path = PurePosixPath(name)
        evidence = evidence_of(PurePosixPath(*self.source.root.absolute().parts, *path.parts))
        if evidence is not None:
            named: ArchiveName | None = evidence_name(evidence, self.source.modified_at(name))
        else:
            named = own_name(path) if self.pattern is None else self.pattern.parse(path)
        if named is None:
            wanted = PATTERN if self.pattern is None else self.pattern.text
            return FileRefusal(reason=Misfit.BAD_NAME, detail=f"not {wanted}")
        if self.placed and path.parent.as_posix() != named.folder:
            return FileRefusal(reason=Misfit.MISPLACED, detail=f"belongs into {named.folder}/")
        picture = self.source.read(name, self.limits.max_bytes)
        if isinstance(picture, Unread):
            return FileRefusal(reason=picture.reason, detail=picture.detail)
        image = image_of(picture, self.limits)
        if isinstance(image, Rejected):
            return FileRefusal(reason=image.reason, detail=image.detail)
        sha256 = hashlib.sha256(picture).hexdigest()
        if evidence is not None and evidence.sha256 != sha256:
            return FileRefusal(reason=Misfit.ALTERED, detail=f"its bytes have the hash {sha256}")
        return self._second(name, named, sha256) or named

    def _second(self, name: str, named: ArchiveName, sha256: str) -> FileRefusal | None:
        """A refusal if a valid picture of that name was there before."""
        first = self._first.setdefault(named.stem, (name, sha256))
        if first[0] == name:
            return None
        what = "the same picture as" if first[1] == sha256 else "another picture than"
        return FileRefusal(reason=Misfit.DUPLICATE, detail=f"{what} {first[0]}")

    def _record_of(self, name: str) -> str:
        """Where a refusal of the file `name` is recorded.

        With `placed`, runs share an archive by its `<device>/<day>` folders, and no two may write
        the same file; who runs on what else lies in it is unknown, so that gets a record each.
        """
        folder = PurePosixPath(name).parent.as_posix()
        if _DEVICE_DAY.fullmatch(folder):
            return f"rejected/{folder}.jsonl"
        if self.placed:
            return f"rejected/other/{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.jsonl"
        return "rejected/other.jsonl"
