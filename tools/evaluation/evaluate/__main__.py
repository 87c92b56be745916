"""`python -m tools.evaluation.evaluate CORPUS OUT`: edge and cloud over labelled footage."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from cloud.settings import load_settings
from edge.config.load import load
from tools.evaluation.evaluate.breakdown import by_nuisance
from tools.evaluation.evaluate.corpus import CorpusError, read_corpus
from tools.evaluation.evaluate.totals import Evaluation
from tools.evaluation.evaluate.trial import UNUSABLE, Models, Trial, add_arguments, evaluate
from tools.evaluation.report.figures import report
from tools.evaluation.report.html import review, write_sheet
from tools.evaluation.report.markdown import markdown
from tools.evaluation.report.plots import draw_all


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 done; 1 a corpus, configuration or model that cannot be used."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        evaluation = _evaluate(options)
    except UNUSABLE as error:
        print(error, file=sys.stderr)
        return 1
    _write(options.out, evaluation)
    print(_summary(evaluation))
    print(f"report: {options.out / 'report.md'}; to look at: {options.out / 'report.html'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.evaluation.evaluate", description=__doc__
    )
    add_arguments(parser)
    return parser


def _evaluate(options: argparse.Namespace) -> Evaluation:
    corpus = read_corpus(options.corpus).cut(frozenset(options.only), options.limit)
    if not corpus.pictures():
        raise CorpusError(f"nothing in {options.corpus} is called {' or '.join(options.only)}")
    trial = Trial(
        corpus=corpus,
        loaded=load(options.config, {}),
        settings=load_settings(options.cloud, {}, {}),
        config_name=str(options.config or "defaults"),
        only=tuple(options.only),
        limit=options.limit,
    )
    print("opening the models ...", file=sys.stderr)
    return evaluate(trial, Models())


def _write(out: Path, evaluation: Evaluation) -> None:
    out.mkdir(parents=True, exist_ok=True)
    plots = draw_all(out / "plots", evaluation.scores, evaluation.totals)
    text = json.dumps(report(evaluation), indent=1)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    write_sheet(out, evaluation.scores)
    (out / "report.html").write_text(review(evaluation), encoding="utf-8")
    relative = [str(plot.relative_to(out)) for plot in plots]
    (out / "report.md").write_text(markdown(evaluation, relative), encoding="utf-8")


def _summary(evaluation: Evaluation) -> str:
    totals = evaluation.totals
    headline = totals.headline
    found = ", ".join(
        f"{recall.found} of {recall.total} {cls} events"
        for cls, recall in totals.recall.items()
        if recall.total
    )
    reduction = totals.nothing.reduction().value()
    less = "" if reduction is None else f" ({100 * reduction:.1f} % less)"
    share = totals.traffic.share()
    sent = "" if share is None else f"; {100 * share:.1f} % of the bytes sent"
    nuisances = by_nuisance(evaluation.scores)
    hours = f" in {nuisances[-1].false.hours:.2f} camera-hours of nuisances" if nuisances else ""
    return (
        f"{found or 'no events'} found; {headline.false} false alarms of every kind "
        f"({headline.unchecked} more whose place is not labelled); with nothing in view "
        f"{totals.confirmed_false()}{hours}, plain motion {totals.motion_false()}{less}{sent}"
    )


if __name__ == "__main__":
    sys.exit(main())
