"""`edge replay`: stored pictures or a video along the path: reported, explained or compared.

To stdout goes a JSON line per frame, or with `--explain` and `--against` words; `--jsonl` takes the
JSON lines in either case. `--video` and `--report` write what people
look at.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO, TypeVar

import cv2
from tqdm import tqdm

from contract.ids import CameraId, is_name
from edge.config.load import load
from edge.config.schema import EdgeConfig
from edge.detect.networks import open_detectors
from edge.pipeline import Detector
from edge.replay import comparison
from edge.replay.comparison_report import Summary, as_json, in_words
from edge.replay.html_report import HtmlReportWriter
from edge.replay.player import (
    EPOCH,
    PictureSequence,
    ReplayStep,
    SourceError,
    Video,
    open_source,
    play,
)
from edge.replay.text_report import FrameCounts, explained, line
from edge.replay.video import VideoWriter
from imaging.manifest import ModelError
from service import events

Item = TypeVar("Item")

REFUSALS: Mapping[type[Exception], str] = {ModelError: "model", SourceError: "source"}


def command(options: argparse.Namespace) -> int:
    """Plays to the end; 1 if decisions change and `--fail-on-change` asks about it."""
    cv2.setNumThreads(1)
    config = load(options.config, os.environ).config
    if not is_name(options.camera):
        raise SourceError(f"camera id {options.camera!r} is not 1 to 64 of a-z 0-9 _ -")
    source = open_source(options.source)
    _check(options)
    events.configure(level="warning")
    with ExitStack() as files:
        out = _Out(options, files)
        run = _Run(options, source)
        if options.against is None:
            run.play(config, out, _writers(options, config, run.fps))
            return 0
        changes = run.compare(config, options.against, out)
    return 1 if changes and options.fail_on_change else 0


class StepWriter(Protocol):
    """Who makes something to look at of the steps: closed after the last, or on the way out."""

    def add(self, step: ReplayStep) -> None: ...

    def close(self) -> None: ...


def _writers(options: argparse.Namespace, config: EdgeConfig, fps: float) -> tuple[StepWriter, ...]:
    settings = config.of_camera(options.camera)
    camera = CameraId(options.camera)
    page: Path | None = options.report
    return (
        *((VideoWriter(options.video, fps, settings),) if options.video else ()),
        *((HtmlReportWriter(page, options.source, config, camera),) if page else ()),
    )


def _check(options: argparse.Namespace) -> None:
    """What is written shows one configuration, and is not what is read."""
    for name in ("video", "report"):
        path: Path | None = getattr(options, name)
        if path is None:
            continue
        if options.against is not None:
            raise SourceError(f"--{name} shows one configuration: leave --against away")
        if path.exists() and path.samefile(options.source):
            raise SourceError(f"--{name} {path} would overwrite what is played")


class _Out:
    """Where JSON lines and words go."""

    def __init__(self, options: argparse.Namespace, files: ExitStack) -> None:
        self.explains: bool = options.explain
        in_words = options.explain or options.against is not None
        path: Path | None = options.jsonl
        self._path = path
        self._words: TextIO | None = sys.stdout if in_words else None
        self._lines: TextIO | None = None if in_words else sys.stdout
        if path is not None:
            try:
                self._lines = files.enter_context(path.open("w", encoding="utf-8"))
            except OSError as error:
                raise self._unwritable(error) from error

    def words(self, text: str) -> None:
        if self._words is not None:
            print(text, file=self._words)

    def line(self, text: str) -> None:
        if self._lines is None:
            return
        try:
            print(text, file=self._lines)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> SourceError:
        return SourceError(f"{self._path or 'stdout'} cannot be written: {error.strerror}")


class _Run:
    """The frames that were asked for, in their rhythm."""

    def __init__(self, options: argparse.Namespace, source: PictureSequence) -> None:
        own = source.fps if isinstance(source, Video) else 5.0
        self.fps: float = own if options.fps is None else options.fps
        if not 0 < self.fps <= 1000:
            raise SourceError(f"--fps {self.fps} is not over 0 and at most 1000")
        self._source = source
        self._camera = CameraId(options.camera)
        self._start = _moment(options.start)

    def play(self, config: EdgeConfig, out: _Out, writers: Sequence[StepWriter]) -> None:
        """A line for each frame, and the summary; `writers` see every step."""
        frame_counts = FrameCounts()
        with ExitStack() as closing:
            for one in writers:
                closing.callback(one.close)
            self._play(config, out, frame_counts, writers)
        out.line(frame_counts.line())
        out.words(frame_counts.words())

    def _play(
        self,
        config: EdgeConfig,
        out: _Out,
        frame_counts: FrameCounts,
        writers: Sequence[StepWriter],
    ) -> None:
        steps = play(self._source, config, self._camera, self.fps, _open(config), self._start)
        for step in self._shown(steps):
            frame_counts.count(step)
            out.line(line(step, explain=out.explains))
            for text in explained(step):
                out.words(text)
            for one in writers:
                one.add(step)

    def compare(self, config: EdgeConfig, other: Path, out: _Out) -> int:
        """A line for each decision that would change, and the summary; how many there are."""
        against = _other(config, other)
        before = comparison.ComparedSide(config=config, detector=_open(config))
        shares = against.detect == config.detect
        detector = before.detector if shares else _open(against)
        after = comparison.ComparedSide(config=against, detector=detector)
        summary = Summary(differing=comparison.differing(config, against), shared=shares)
        compared = comparison.compare(
            self._source, before, after, self._camera, self.fps, self._start
        )
        out.words(summary.head())
        for frame in self._shown(compared):
            summary.count(frame)
            for change in frame.changes:
                out.line(as_json(change))
                out.words(in_words(change))
        out.line(summary.as_json())
        out.words(summary.words())
        return summary.changes

    def _shown(self, items: Iterator[Item]) -> Iterator[Item]:
        """With a progress bar on a terminal."""
        total = len(self._source) or None
        return iter(tqdm(items, total=total, unit="frame", disable=not sys.stderr.isatty()))


def _open(config: EdgeConfig) -> Detector:
    detect = config.detect.model_copy(update={"workers": 1})
    return open_detectors(config.model_copy(update={"detect": detect}))[0]


def _other(config: EdgeConfig, path: Path) -> EdgeConfig:
    """The configuration in a file, or ours with the model in a folder."""
    if not path.is_dir():
        return load(path, os.environ).config
    detect = config.detect.model_copy(update={"model": str(path)})
    return config.model_copy(update={"detect": detect})


def _moment(text: str | None) -> datetime:
    if text is None:
        return EPOCH
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SourceError(f"--start {text} is no moment such as 2026-03-29T01:30+01:00") from error
    if moment.tzinfo is None:
        raise SourceError(f"--start {text} needs its offset: {text}+01:00, or Z for UTC")
    return moment
