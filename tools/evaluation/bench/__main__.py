"""`python -m tools.evaluation.bench`: speed of the detection path and cost of what precedes it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import cv2

from edge.config.schema import EdgeConfig
from edge.detect.detector import open_detector
from edge.detect.runner import importable
from edge.detect.runtimes import Runtime
from edge.intake.admission import picture_limits
from edge.replay.player import SourceError
from imaging.manifest import ModelError
from tools.evaluation.bench.costs import Cost, measure_costs
from tools.evaluation.bench.pictures import default_source, read_pictures
from tools.evaluation.bench.speed import Speed, measure_speed
from tools.evaluation.bench.stopwatch import Machine, this_machine


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    machine = this_machine()
    try:
        pictures = read_pictures(options.source)
        speeds = list(_speeds(options, pictures))
    except (ModelError, SourceError) as error:
        print(error, file=sys.stderr)
        return 1
    limits = EdgeConfig().intake.limits
    costs = measure_costs(pictures, picture_limits(limits), options.seconds / 2)
    print("\n".join(_text(machine, options.source, speeds, costs)))
    if options.json:
        found = {
            "machine": asdict(machine),
            "source": str(options.source),
            "speed": [asdict(speed) for speed in speeds],
            "costs": [asdict(cost) for cost in costs],
        }
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.bench", description=__doc__)
    detect = EdgeConfig().detect
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--model", default=detect.model, help="name or folder (%(default)s)")
    parser.add_argument("--threads", type=int, default=detect.threads_per_worker)
    parser.add_argument("--seconds", type=float, default=20.0, help="per runtime (%(default)s)")
    parser.add_argument("--source", type=Path, default=default_source(), help="video or folder")
    parser.add_argument(
        "--runtime", choices=["all", "auto", "tflite", "litert"], default="all", help="%(default)s"
    )
    return parser


def _speeds(options: argparse.Namespace, pictures: tuple[bytes, ...]) -> Iterator[Speed]:
    """One runtime after the other: idle interpreters would disturb the one that is measured."""
    names: Sequence[Runtime | Literal["auto"]] = (
        importable() if options.runtime == "all" else (options.runtime,)
    )
    for name in names:
        print(f"measuring {options.model} on {name} ...", file=sys.stderr)
        detector = open_detector(
            options.model, name, options.threads, EdgeConfig().detect.min_score
        )
        for close in (False, True):
            yield measure_speed(
                detector, pictures, options.threads, options.seconds / 2, crop_inferences=close
            )


def _text(machine: Machine, source: Path, speeds: list[Speed], costs: list[Cost]) -> Iterator[str]:
    yield machine.line()
    yield f"frames of {source}"
    yield ""
    yield "detection path, JPEG decode apart, beside the bare interpreter (taken in turns);"
    yield "the ratio is of inferences, of which a frame with close looks has several"
    yield (
        f"{'':53}{'path':>9}{'bare':>11}{'ratio':>8}{'quartiles':>14}{'by cpu time':>13}"
        f"{'pairs':>7}{'inferences':>12}{'path with decode':>18}"
    )
    for speed in speeds:
        yield (
            f"{_name(speed):53}{speed.pipeline_fps:7.1f}/s{speed.invokes_per_s:9.1f}/s"
            f"{speed.ratio:8.3f}{f'{speed.ratio_low:.3f}-{speed.ratio_high:.3f}':>14}"
            f"{speed.cpu_ratio:13.3f}{speed.pairs:7}{speed.inferences_per_frame:12.2f}{speed.pipeline_with_decode_fps:16.1f}/s"
        )
    yield ""
    yield "of which (ms of processor time)"
    yield f"{'':53}{'invoke':>9}{'letterbox, outputs':>20}{'gate, tracks, rules':>21}{'decode':>9}"
    for speed in speeds:
        yield (
            f"{_name(speed):53}{speed.invoke_ms:9.2f}{speed.letterbox_and_outputs_ms:20.2f}"
            f"{speed.gate_tracks_rules_ms:21.2f}{speed.decoding_ms:9.2f}"
        )
    yield ""
    yield "before the detector (ms per frame)"
    yield (
        f"{'':12}{'JPEG':>9}{'admit':>8}{'decode':>8}{'reduced':>9}{'gate':>7}{'watched':>17}"
        f"{'health, once a second':>25}"
    )
    for cost in costs:
        yield (
            f"{f'{cost.width}x{cost.height}':12}{cost.picture_bytes / 1000:6.0f} kB"
            f"{cost.admission_ms:8.3f}{cost.decode_ms:8.2f}{cost.reduced_decode_ms:9.2f}"
            f"{cost.gate_ms:7.2f}{cost.quiet_fps:8.0f}/s a core{cost.health_ms:25.2f}"
        )


def _name(speed: Speed) -> str:
    looks = ", close looks" if speed.crop_inferences else ""
    return f"{speed.model} {speed.runtime}, {speed.threads} thread(s){looks}"


if __name__ == "__main__":
    sys.exit(main())
