"""The full model that confirms what the edge suspects: one network, or several fused.

SHELL. Opening verifies every manifest and hash and passes every self-test. Members of a fused model
look one after the other, for two at once only disturb each other on a few cores. Called by the
cloud's worker and its command line, from one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cloud.model.network import FullModelError, Network
from cloud.model.vehicles import summed
from imaging.decoders.fusion import fuse
from imaging.detections import Detections, Image
from imaging.manifest import (
    Manifest,
    ModelError,
    find_model,
    read_manifest,
    read_members,
    verify,
)
from imaging.self_test import picture_of, require

__all__ = ["FullModel", "FullModelError", "open_model"]


class FullModel:
    """The networks of one model, and how their views are joined."""

    def __init__(self, manifest: Manifest, networks: Sequence[Network], known: Image) -> None:
        """`known` is the picture of the self-test."""
        self._manifest, self._known = manifest, known
        self.name = manifest.name
        self.sha256 = manifest.sha256
        self.labels = manifest.labels
        self._fusion = manifest.fusion
        self._thresholds = manifest.thresholds
        self._networks = tuple(networks)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """What each BGR image shows, in its pixels and by falling score; as many as `images`.

        The scores of a vehicle's classes are summed. Raises `FullModelError`.
        """
        return [summed(found) for found in self.by_class(images)]

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        """As `detect`, for pictures of one thing, which are not enlarged too far."""
        views = [network.close_ups(images) for network in self._networks]
        return [summed(found) for found in self._joined(views)]

    def self_check(self) -> None:
        """Looks at the known picture; raises `ModelError` or `FullModelError` where it is not seen
        as the manifest says: then it is not the other pictures that are at fault."""
        require(self._manifest, self.by_class([self._known])[0])

    def by_class(self, images: Sequence[Image]) -> list[Detections]:
        """As `detect`, each class for itself."""
        return self._joined([network.detect(images) for network in self._networks])

    def _joined(self, views: list[list[Detections]]) -> list[Detections]:
        """One view per picture, of each network's own."""
        if self._fusion is None:
            return views[0]
        return [fuse(seen, self._fusion, self._thresholds) for seen in zip(*views, strict=True)]


def open_model(name_or_path: str, threads: int = 0) -> FullModel:
    """The model of that name or folder, with `threads` within an operation (0: one per core).

    Raises `ModelError` with what does not fit.
    """
    folder = find_model(name_or_path)
    manifest = read_manifest(folder)
    if manifest.role != "cloud":
        raise ModelError(f"model {manifest.name} is for the edge; the cloud needs a savedmodel")
    if manifest.format == "savedmodel":
        known = picture_of(folder, manifest)
        return FullModel(manifest, [Network(folder, manifest, threads)], known)
    return _open_fused(folder, manifest, threads)


def _open_fused(folder: Path, manifest: Manifest, threads: int) -> FullModel:
    verify(folder, manifest)
    members = read_members(folder, manifest)
    unknown = sorted({label for _, m in members for label in m.labels} - set(manifest.labels))
    if unknown:
        raise ModelError(
            f"model {manifest.name}: its members know {unknown}, which its own labels lack; add "
            "them to 'labels'"
        )
    networks = [Network(path, member, threads) for path, member in members]
    model = FullModel(manifest, networks, picture_of(folder, manifest))
    model.self_check()
    return model
