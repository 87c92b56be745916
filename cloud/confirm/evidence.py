"""The pictures that a report names, fetched and verified before they are used.

SHELL (reads the object store). A picture counts only if its key is one of the report's own camera
and its bytes are those that the edge hashed; the edge's word about size is not trusted by the
decoder. What cannot be used is a value that names its reason; what may come right by itself is the
store's exception. Called by `evaluator`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from contract.keys import is_evidence_key
from contract.report import EvidenceRef, ThreatReport
from imaging.admission import PictureLimits, Rejected, inspect
from imaging.decode import decode
from imaging.detections import Image
from objectstore.store import NotFound, ObjectStore


class PictureFault(StrEnum):
    """Why a picture cannot be used as evidence."""

    FOREIGN_KEY = "foreign_key"
    TOO_LARGE = "too_large"
    MISSING = "missing"
    SIZE_MISMATCH = "size_mismatch"
    HASH_MISMATCH = "hash_mismatch"
    NO_PICTURE = "no_picture"


DAMAGED = frozenset({PictureFault.MISSING, PictureFault.SIZE_MISMATCH, PictureFault.HASH_MISMATCH})
"""What may be a bad read or a damaged object, while the gateway still has the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusablePicture:
    """A picture that cannot be used as evidence, and why."""

    role: str
    key: str
    fault: PictureFault
    detail: str

    def __str__(self) -> str:
        return f"{self.role} picture cannot be used: {self.fault}, {self.detail} ({self.key})"


def fetch(
    store: ObjectStore, report: ThreatReport, ref: EvidenceRef, limits: PictureLimits
) -> Image | UnusablePicture:
    """The decoded picture, BGR, upright; raises what the store raises but for `NotFound`.

    A key of another camera is not fetched: a gateway must not have the cloud read for it what is
    not its own.
    """
    if not is_own_key(report, ref.key):
        return _unusable(ref, PictureFault.FOREIGN_KEY, f"not under evidence/{_owner(report)}/")
    if ref.bytes > limits.max_bytes:
        return _unusable(ref, PictureFault.TOO_LARGE, f"{ref.bytes} bytes, over {limits.max_bytes}")
    try:
        picture = store.get(ref.key, limits.max_bytes)
    except NotFound:
        return _unusable(ref, PictureFault.MISSING, "nothing is stored under its key")
    return _verified(ref, picture) or _decoded(ref, picture, limits)


def is_own_key(report: ThreatReport, key: str) -> bool:
    """Whether `key` names evidence of the report's own gateway and camera."""
    return is_evidence_key(key) and key.startswith(f"evidence/{_owner(report)}/")


def _owner(report: ThreatReport) -> str:
    return f"{report.gateway}/{report.camera}"


def _verified(ref: EvidenceRef, picture: bytes) -> UnusablePicture | None:
    if len(picture) != ref.bytes:
        return _unusable(
            ref, PictureFault.SIZE_MISMATCH, f"{len(picture)} bytes, the report says {ref.bytes}"
        )
    found = hashlib.sha256(picture).hexdigest()
    if found != ref.sha256:
        return _unusable(
            ref,
            PictureFault.HASH_MISMATCH,
            f"sha256 {found[:12]}.., the report says {ref.sha256[:12]}..",
        )
    return None


def _decoded(ref: EvidenceRef, picture: bytes, limits: PictureLimits) -> Image | UnusablePicture:
    header = inspect(picture, limits)
    image = header if isinstance(header, Rejected) else decode(picture, header)
    if isinstance(image, Rejected):
        return _unusable(ref, PictureFault.NO_PICTURE, f"{image.reason}: {image.detail}")
    return image


def _unusable(ref: EvidenceRef, fault: PictureFault, detail: str) -> UnusablePicture:
    return UnusablePicture(role=ref.role, key=ref.key, fault=fault, detail=detail)
