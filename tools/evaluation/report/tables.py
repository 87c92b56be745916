"""Tables of `report.md`, how figures are written, and in words what they mean.

PURE. Called by the writers of the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from service.intervals import Interval
from tools.evaluation.evaluate.intervals import Proportion


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A Markdown table, line by line, and an empty line."""
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    yield from (f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)
    yield ""


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def percents(interval: Interval | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def share_cells(share: Proportion) -> tuple[str, str]:
    """The share and its interval, a cell each."""
    return percent(share.value()), percents(share.interval())


def span(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(interval[0], 5), round(interval[1], 5)]


DEFINITIONS = (
    "An event is a run of frames labelled true. Nulls neither start nor count; runs at most 1 s"
    " of nulls apart are one event. Every frame's time is that of the replay clock.",
    "An alarm is a confirmed suspicion. Its time is that of the frame that raised it; the "
    "cloud's own time is reported apart. It runs until its track dies. Its class is that of the "
    "verdict's label: person; vehicle = car, motorcycle, bus, truck; bicycle. Other labels are "
    "not scored.",
    "An event is found if an alarm of its class is raised in it or at most 1 s before or after,"
    " or runs already when it starts; raised before the start, the delay is 0. A bicycle event "
    "is found only by an alarm labelled bicycle; whether its rider was alarmed about as a "
    "person stands beside it.",
    "What is at an alarm's box decides, in the frame that raised it. Where something stands "
    "that the corpus names (overlap 0.3, or a part of it), the alarm is false, whatever else "
    "moves; where everything that moves has a box, one that fits none is false, and one"
    " that fits a thing of another class is of the wrong class. Such an alarm finds no event "
    "either.",
    "Where nothing is labelled at the box, what is in view decides: an alarm that touches no "
    "true and no null frame of its class, from its raising to its end, is false; where another "
    "class is true there, it is of the wrong class. The right ones among them are counted as "
    "excused, since no label says whether they are about the thing in view; report.html shows "
    "each. The second that finds an event late excuses nothing: such an alarm can find its "
    "event and be false. All kinds of false alarms are one figure. A rider makes person and "
    "bicycle true alike, so an alarm labelled bicycle is right over a true or null frame of "
    "either; over a car alone it is of the wrong class. Vehicle means moving: an alarm about a "
    "parked one is false, or of the wrong class where a person is true.",
    "Cameras run as configured (the shipped kind is auto); composed ones, whose quiet time is "
    "shortened, as streams. A verdict reaches the edge a second after its report, changes what "
    "is news and what stands there, and holds from the next frame on. Where a corpus does not "
    "know the frame rate, 5 a second is assumed and said.",
    "Plain motion is a detector of its own, which shares nothing with the product's gate and "
    "takes the same frames at the same times: a frame moved if 0.5 % of its reduced and blurred"
    " grey picture differ by 25 levels from a running average of 10 s. Moved frames at most 10 "
    "s apart are one alarm; what goes on for 60 s is raised again. It knows no class, so it is "
    "taken for an alarm of each in turn and evaluated by the same rules as the product's.",
    "With nothing in view: false alarms of the product, of whichever class, and motion alarms "
    "that would be false as an alarm of every class, each counted once. With no person "
    "(vehicle) in view: alarms of that class that touch no true and no null frame of it, so "
    "that those of the wrong class count on either side. Reduction = 1 - the product's / plain "
    "motion's; its interval is that of the ratio of two Poisson rates over the same time, and "
    "its lower end may be far below 0 where alarms are few.",
    "Bytes in are the frames as published; bytes out are the evidence pictures and the report "
    "of every suspicion, confirmed or not. Empty frames are those with every class labelled "
    "false. Stills are counted apart from the sequences throughout.",
    "In stills a vehicle counts whether it stands or drives; a still is false if the class is "
    "labelled absent and confirmed all the same.",
    "Idle frames have every class labelled false. A motion event is a stretch in which "
    "something changed, whatever the gate called it, cut after 10 s without or after 60 s; a "
    "quiet minute is one in which nothing did. Either was rejected if nothing was suspected in "
    "it but what was refuted; an event in which only a person, or only a vehicle, was suspected "
    "and not refuted was rejected as far as the other group goes. All such are audited, of a "
    "corpus of more than an hour a random share: the full model looks at whole frames of several "
    "moments, reduced; a person or vehicle in any of them that is not at the same place in the "
    "first and in the last was missed.",
    "Intervals are at 95 %: Wilson's for shares, Garwood's (Poisson) for rates per camera-hour,"
    " Clopper and Pearson's for reductions. For a share of bytes each frame is taken for one "
    "case, so that one shows the size of the sample rather than a strict coverage.",
    "A box is found if a detection of a person overlaps it with an intersection over union of "
    "at least 0.5; boxes in frames that never reached the detector are not found. Heights are "
    "those of the whole person in pixels of the frame as sent; an event's is the median over "
    "its boxes. Composed cameras send 4 frames/s while something stirs and one in 5 s (2.5 s "
    "between walkers) otherwise: a camera-hour of theirs has fewer frames than one at a "
    "constant rate.",
)
