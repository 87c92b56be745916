"""A replay as a page: every alarm with its pictures and reasons, and every track that was not
reported, with what held it back.

SHELL (writes a file, when the replay is over). Called by the subcommand `replay`.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

from contract.ids import CameraId, GatewayId
from edge.config.schema import EdgeConfig
from edge.deliver.evidence import ReportOrigin, pack
from edge.privacy import privacy_of
from edge.records import AlertCandidate
from edge.replay.html import PageEntry, PagePicture, PageSection, jpeg_of, lightened, page
from edge.replay.overlay import Overlay
from edge.replay.player import ReplayStep, SourceError
from edge.replay.text_report import FrameCounts, why
from edge.replay.unreported import MOST, UnreportedTracks
from edge.track.track import Track

_WIDE = (560, 560)
_NOBODY = "0" * 64
"""The hash of a model or configuration in a report that is never sent."""

MOST_ALARMS = 200


class HtmlReportWriter:
    """A page at `path` in the making, of the replay of `source` as `camera`."""

    def __init__(self, path: Path, source: Path, config: EdgeConfig, camera: CameraId) -> None:
        """Raises `SourceError` if nothing can be written there."""
        if not path.parent.is_dir():
            raise SourceError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.is_dir():
            raise SourceError(f"{path} cannot be written: it is a folder")
        self._path, self._source, self._camera = path, source, camera
        self._overlay = Overlay(config.of_camera(camera))
        self._origin = ReportOrigin(
            gateway=GatewayId(config.gateway.id),
            model_sha256=_NOBODY,
            config_version="replay",
            config_sha256=_NOBODY,
            evidence=config.deliver.evidence,
            privacy=privacy_of(config),
        )
        self._frame_counts = FrameCounts()
        self._outcomes: Counter[str] = Counter()
        self._alarms: list[PageEntry] = []
        self._unreported = UnreportedTracks()
        self._missed_motion = 0

    def add(self, step: ReplayStep) -> None:
        """The next frame."""
        self._overlay.add(step)
        self._frame_counts.count(step)
        self._outcomes[why(step.outcome)] += 1
        self._missed_motion += len(step.rejected_segments)
        for candidate in step.candidates:
            if len(self._alarms) < MOST_ALARMS:
                self._alarms.append(self._alarm(candidate, step))
        self._unreported.add(step, partial(self._closeup, step))

    def close(self) -> None:
        """Writes the page; raises `SourceError` where that fails."""
        try:
            self._path.write_text(self._page(), encoding="utf-8")
        except OSError as error:
            raise SourceError(f"{self._path} cannot be written: {error.strerror}") from error

    def _picture(self, step: ReplayStep) -> PagePicture | None:
        image = self._overlay.picture(step, _WIDE)
        words = f"{step.name}, {step.t:.1f} s"
        return None if image is None else PagePicture(jpeg_of(image), words)

    def _closeup(self, step: ReplayStep, track: Track) -> PagePicture | None:
        image = self._overlay.closeup(step, self._overlay.mark(step, track))
        words = f"{step.name}, {step.t:.1f} s"
        return None if image is None else PagePicture(jpeg_of(image), words, small=True)

    def _alarm(self, candidate: AlertCandidate, step: ReplayStep) -> PageEntry:
        one, shown = candidate.suspicion, self._picture(step)
        bundle = pack(candidate, self._origin)
        roles = {ref.key: ref.role for ref in bundle.report.evidence}
        sent = tuple(
            PagePicture(lightened(picture.jpeg), f"to be sent: {roles[picture.key]}", small=True)
            for picture in bundle.pictures
        )
        box = ", ".join(f"{value:.0f}" for value in one.box)
        return PageEntry(
            f"{step.t:.1f} s, {step.name}: {one.label} {one.score:.2f}, track #{one.track}",
            f"rule {one.rule}, severity {one.severity}",
            (*one.reasons, f"box [{box}], report {one.report_id}"),
            (*((shown,) if shown else ()), *sent),
            "bad",
        )

    def _page(self) -> str:
        held = list(self._unreported.entries())
        count = self._frame_counts.suspicions
        return page(
            f"Replay of {self._source.name} as camera {self._camera}",
            (
                self._frame_counts.words(),
                "Frames: " + ", ".join(f"{what} {n}" for what, n in self._outcomes.most_common()),
                f"{self._missed_motion} stretches of motion ended without a suspicion.",
            ),
            (
                PageSection(
                    f"Alarms ({count})",
                    "What the edge suspected, each with the frame that raised it and the pictures "
                    "that the cloud would get. No cloud was asked. Click a picture to enlarge it."
                    + (f" The first {MOST_ALARMS}." if count > MOST_ALARMS else ""),
                    self._alarms,
                ),
                PageSection(
                    f"Not reported ({len(held)})",
                    "Tracks seen at least three times about which nothing was reported, and what "
                    f"held them back: at most {MOST}, what nearly fired first, duplicates of "
                    "another alarm last.",
                    held,
                ),
            ),
        )
