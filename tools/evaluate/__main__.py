"""`python -m tools.evaluate CORPUS OUT`: edge and cloud over labelled footage, with a report."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Never

import cv2
from tqdm import tqdm

from cloud.judge import Judge
from cloud.model import FullModel, open_model
from cloud.settings import Settings, SettingsError, load_settings
from edge.config.load import Loaded, load
from edge.config.schema import Detect
from edge.detect.detector import Detector, open_detector
from edge.errors import ConfigError
from imaging.manifest import ModelError
from objectstore.open import open_store
from service.clock import SystemClock
from tools.evaluate.confirmation import Confirmation, origin_of
from tools.evaluate.corpus import Corpus, CorpusError, read_corpus
from tools.evaluate.evaluation import Evaluation, Subject
from tools.evaluate.observed import SequenceRun, StillRun
from tools.evaluate.plots import draw_all
from tools.evaluate.report_json import report
from tools.evaluate.report_md import markdown
from tools.evaluate.run import Player
from tools.evaluate.score import SequenceScore, score
from tools.evaluate.totals import add_up


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done; 1 a corpus, configuration or model that cannot be used."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        evaluation = _evaluate(options)
    except (CorpusError, ConfigError, SettingsError, ModelError) as error:
        print(error, file=sys.stderr)
        return 1
    _write(options.out, evaluation)
    print(_summary(evaluation))
    print(f"report: {options.out / 'report.md'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate", description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder with manifest.json")
    parser.add_argument("out", type=Path, help="folder for report.json, report.md and plots")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the edge's configuration")
    parser.add_argument("--cloud", type=Path, metavar="FILE", help="the cloud's settings")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the first N frames of each, and N stills"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="ID",
        help="these sequences; `stills` for the stills",
    )
    return parser


def _evaluate(options: argparse.Namespace) -> Evaluation:
    began_s = time.perf_counter()
    corpus = read_corpus(options.corpus).cut(frozenset(options.only), options.limit)
    if not corpus.pictures():
        raise CorpusError(f"nothing in {options.corpus} is called {' or '.join(options.only)}")
    loaded = load(options.config, {})
    settings = load_settings(options.cloud, {}, {})
    print("opening the models ...", file=sys.stderr)
    full = open_model(settings.model)
    detector = _detector(loaded.config.detect)
    scores, stills = _run(corpus, loaded, detector, full, settings)
    return Evaluation(
        subject=Subject(
            corpus=str(options.corpus),
            config=str(options.config or "defaults"),
            edge_model=detector.name,
            edge_sha256=detector.sha256,
            edge_runtime=detector.runtime,
            cloud_model=full.name,
            cloud_sha256=full.sha256,
            only=tuple(options.only),
            limit=options.limit,
            wall_s=time.perf_counter() - began_s,
        ),
        scores=scores,
        totals=add_up(scores),
        stills=stills,
    )


def _detector(detect: Detect) -> Detector:
    threads, min_score = detect.threads_per_worker, detect.min_score
    return open_detector(detect.model, detect.runtime, threads, min_score, detect.vehicle_sum)


def _run(
    corpus: Corpus, loaded: Loaded, detector: Detector, full: FullModel, settings: Settings
) -> tuple[tuple[SequenceScore, ...], tuple[StillRun, ...]]:
    with (
        tempfile.TemporaryDirectory(prefix="evaluate-") as folder,
        _bar(corpus.pictures()) as bar,
    ):
        player = Player(
            footage=corpus,
            config=loaded.config,
            detector=detector,
            ask=_confirmation(Path(folder), loaded, detector, full, settings).ask,
            progress=lambda: _advance(bar),
        )
        scores = tuple(score(run) for run in _sequences(player, corpus, bar))
        bar.set_description("stills", refresh=False)
        return scores, player.run_stills() if corpus.stills else ()


def _sequences(player: Player, corpus: Corpus, bar: tqdm[Never]) -> list[SequenceRun]:
    runs = []
    for sequence in corpus.sequences:
        bar.set_description(sequence.id, refresh=False)
        runs.append(player.run_sequence(sequence))
    return runs


def _bar(pictures: int) -> tqdm[Never]:
    """Drawn often on a terminal, and now and then into a log."""
    pause_s = 0.1 if sys.stderr.isatty() else 15.0
    return tqdm(total=pictures, unit="frame", dynamic_ncols=True, mininterval=pause_s)


def _advance(bar: tqdm[Never]) -> None:
    bar.update()


def _confirmation(
    folder: Path, loaded: Loaded, detector: Detector, full: FullModel, settings: Settings
) -> Confirmation:
    store = open_store(f"dir:{folder}")
    return Confirmation(
        origin=origin_of(loaded, detector.sha256),
        store=store,
        judge=Judge(
            store=store,
            model=full,
            policy=settings.policy,
            limits=settings.limits.of_picture(),
            clock=SystemClock(),
        ),
    )


def _write(out: Path, evaluation: Evaluation) -> None:
    out.mkdir(parents=True, exist_ok=True)
    plots = draw_all(out / "plots", evaluation.scores, evaluation.totals)
    text = json.dumps(report(evaluation), indent=1)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    relative = [str(plot.relative_to(out)) for plot in plots]
    (out / "report.md").write_text(markdown(evaluation, relative), encoding="utf-8")


def _summary(evaluation: Evaluation) -> str:
    totals = evaluation.totals
    found = ", ".join(
        f"{recall.found} of {recall.total} {cls} events"
        for cls, recall in totals.recall.items()
        if recall.total
    )
    reduction = totals.reduction()
    less = "" if reduction is None else f" ({100 * reduction:.1f} % less)"
    share = totals.traffic.share()
    sent = "" if share is None else f"; {100 * share:.1f} % of the bytes sent"
    return (
        f"{found or 'no events'} found; {totals.confirmed_false()} false alarms, plain motion "
        f"{totals.motion_false()}{less}{sent}"
    )


if __name__ == "__main__":
    sys.exit(main())
