"""`python -m tools.evaluation.ablation CORPUS OUT`: what each stage adds and costs.

The evaluation once per variant, over the same frames by the same models: as configured, then each
stage the other way round; with `--alone`, also nothing and each stage alone. A table after each
variant, so that an interrupted run leaves what it had; a variant that has its report is not run
again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

from cloud.settings import load_settings
from edge.config.load import load
from tools.evaluation.ablation.variants import Variant, each_alone, without_each
from tools.evaluation.evaluate.breakdown import by_height, stills_by_height
from tools.evaluation.evaluate.corpus import read_corpus
from tools.evaluation.evaluate.intervals import Proportion
from tools.evaluation.evaluate.totals import Evaluation
from tools.evaluation.evaluate.trial import UNUSABLE, Models, Trial, add_arguments, evaluate
from tools.evaluation.report.tables import number, percent, table

SMALL_PX = 40
"""Under it a person is small: the height from which every event is to be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """One variant's figures; events are those of persons and vehicles."""

    variant: str
    config_sha256: str
    events: int
    found: int
    edge_found: int
    edge_false: int
    false: int
    frames: int
    analysed: int
    inferences_per_frame: float
    bytes_share: float | None
    small_boxes: int
    small_found: int


HEAD = (
    *("variant", "events found", "by the edge alone", "false alarms", "of the edge alone"),
    *("analysed frames", "inferences per frame", "bytes sent", f"boxes under {SMALL_PX} px"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done; 1 a corpus, configuration or model that cannot be used."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        _ablate(options)
    except UNUSABLE as error:
        print(error, file=sys.stderr)
        return 1
    print(f"report: {options.out / 'ablation.md'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.ablation", description=__doc__
    )
    add_arguments(parser)
    parser.add_argument("--alone", action="store_true", help="also nothing, and each stage alone")
    return parser


def _ablate(options: argparse.Namespace) -> None:
    corpus = read_corpus(options.corpus).cut(frozenset(options.only), options.limit)
    settings = load_settings(options.cloud, {}, {})
    loaded = load(options.config, {})
    variants = [*without_each(loaded), *(each_alone(loaded) if options.alone else ())]
    options.out.mkdir(parents=True, exist_ok=True)
    kept = _kept(options.out / "ablation.json")
    models, rows = Models(remember=True), []
    for variant in variants:
        row = kept.get((variant.name, variant.loaded.sha256))
        if row is None:
            trial = Trial(
                corpus=corpus,
                loaded=variant.loaded,
                settings=settings,
                config_name=variant.name,
                only=tuple(options.only),
                limit=options.limit,
                name=variant.name,
            )
            row = row_of(variant, evaluate(trial, models))
        rows.append(row)
        _write(options, rows)


def _kept(path: Path) -> dict[tuple[str, str], AblationRow]:
    """The rows of an earlier, interrupted run."""
    if not path.is_file():
        return {}
    rows = [AblationRow(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    return {(row.variant, row.config_sha256): row for row in rows}


def row_of(variant: Variant, evaluation: Evaluation) -> AblationRow:
    """The figures of one evaluation."""
    totals = evaluation.totals
    recalls = [totals.recall["person"], totals.recall["vehicle"]]
    bands = (*by_height(evaluation.scores), *stills_by_height(evaluation.stills))
    small = [band.boxes for band in bands if band.high_px <= SMALL_PX]
    inferences = evaluation.inferences_per_analysed() or 0.0
    return AblationRow(
        variant=variant.name,
        config_sha256=variant.loaded.sha256,
        events=sum(recall.total for recall in recalls),
        found=sum(recall.found for recall in recalls),
        edge_found=sum(recall.edge_found for recall in recalls),
        edge_false=totals.edge_false(),
        false=totals.confirmed_false(),
        frames=evaluation.frames(),
        analysed=evaluation.analysed(),
        inferences_per_frame=inferences * evaluation.analysed() / evaluation.frames(),
        bytes_share=totals.traffic.share(),
        small_boxes=sum(found.whole for found in small),
        small_found=sum(found.part for found in small),
    )


def markdown(corpus: str, rows: Sequence[AblationRow]) -> str:
    """The table with a line on how to read it."""
    lines = [
        f"# What each stage adds and costs, on {corpus}\n",
        "Each row is the whole evaluation with one stage the other way round. Events are of "
        "persons and vehicles, found after the cloud and by the edge alone; inferences per frame "
        "count every frame, also those that never reached the network; boxes are labelled people, "
        "those of stills too, found by the edge.\n",
        *table(HEAD, (_cells(row) for row in rows)),
    ]
    return "\n".join(lines)


def _cells(row: AblationRow) -> tuple[object, ...]:
    return (
        row.variant,
        f"{row.found} of {row.events}",
        row.edge_found,
        row.false,
        row.edge_false,
        percent(row.analysed / row.frames if row.frames else None),
        number(row.inferences_per_frame),
        percent(row.bytes_share),
        percent(Proportion(row.small_found, row.small_boxes).value()),
    )


def _write(options: argparse.Namespace, rows: Sequence[AblationRow]) -> None:
    text = json.dumps([asdict(row) for row in rows], indent=1)
    (options.out / "ablation.json").write_text(text + "\n", encoding="utf-8")
    report = markdown(str(options.corpus), rows)
    (options.out / "ablation.md").write_text(report, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
