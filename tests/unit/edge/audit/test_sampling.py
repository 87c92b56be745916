"""The draw of the audits: fair, within the day's bytes, and unbiased where those run short."""

from collections.abc import Iterator
from math import sqrt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.audit.recall import Recall
from edge.audit.sampling import Allowance, Draw, SampleKind, chance, earned, most_bytes, spent
from edge.config.audit import AuditConfig

DAY_S = 86_400
PER_DAY = 1_600_000
MOST = most_bytes(AuditConfig(), PER_DAY)


@given(st.text("abc", min_size=1, max_size=5), st.floats(0.001, 0.2))
def test_the_share_that_is_drawn_lies_within_binomial_bounds(gateway: str, share: float) -> None:
    """Five standard deviations: one case in some two million lies beyond."""
    draw, events = Draw(gateway, "gate", 1), 20_000
    drawn = sum(draw.falls_on("motion", number, share) for number in range(events))
    assert abs(drawn - events * share) <= 5 * sqrt(events * share * (1 - share))


def test_a_draw_follows_from_its_names_alone() -> None:
    names: tuple[tuple[str, str, SampleKind], ...] = (
        ("a", "x", "motion"),
        ("b", "x", "motion"),
        ("a", "y", "motion"),
        ("a", "x", "quiet"),
    )
    drawn = [
        [Draw(gateway, camera, 1).falls_on(kind, n, 0.5) for n in range(200)]
        for gateway, camera, kind in names
    ]
    assert drawn[0] == [Draw("a", "x", 1).falls_on("motion", n, 0.5) for n in range(200)]
    assert len({tuple(one) for one in drawn}) == 4


@given(st.integers(0, 1000), st.floats(0, 1))
def test_what_is_drawn_with_less_is_drawn_with_more(number: int, lowered: float) -> None:
    draw = Draw("gw", "gate", 1, AuditConfig(share=0.3), lambda: lowered)
    if draw.falls_on("motion", number, draw.share("motion")):
        assert draw.may_fall_on("motion", number)


def test_off_is_off() -> None:
    draw = Draw("gw", "gate", 1, AuditConfig(share=1.0, enabled=False))
    assert draw.share("motion") == 0
    assert not draw.may_fall_on("motion", 7)


steps = st.lists(
    st.tuples(st.floats(0, 20_000), st.floats(0, 1), st.integers(1, MOST)), max_size=300
)


@given(steps)
def test_what_is_drawn_has_its_bytes_and_no_day_sees_more_than_its_own(
    begun: list[tuple[float, float, int]],
) -> None:
    """Each step waits, begins something that is drawn by a lot, and sends what was drawn before."""
    allowance, now, sent, due = Allowance(), 0.0, list[tuple[float, int]](), list[int]()
    for wait_s, lot, size in begun:
        now += wait_s
        allowance = earned(allowance, now, MOST, PER_DAY)
        if lot < chance(allowance, len(due), MOST):
            due.append(size)
        elif due:
            left = spent(allowance, due.pop(0))
            assert left is not None
            sent.append((now, size))
            allowance = left
    for first, _ in sent:
        within = sum(size for at, size in sent if first <= at < first + DAY_S)
        assert within <= PER_DAY + 1e-3


def test_a_start_has_room_for_some_and_a_tiny_budget_for_none() -> None:
    allowance = earned(Allowance(), 1000.0, MOST, PER_DAY)
    assert chance(allowance, 0, MOST) == 1.0
    assert 0 < chance(allowance, 3, MOST) < chance(allowance, 1, MOST) < 1
    assert chance(allowance, 4, MOST) == 0.0
    assert chance(earned(Allowance(), 0.0, 0, 0), 0, 0) == 0.0


def test_an_audit_takes_no_more_than_a_sixteenth_of_the_day() -> None:
    assert most_bytes(AuditConfig(), 16_000) == 1000
    assert most_bytes(AuditConfig(max_bytes=400_000), 1e9) == 400_000


def windy_days(seed: int, days: int = 15) -> Iterator[tuple[float, bool]]:
    """Events as times and whether a threat was missed: of a windy day's 2000 events none, of the
    night's 60 one in five."""
    random = np.random.default_rng(seed)
    for day in range(days):
        windy = np.sort(random.uniform(0, DAY_S / 2, 2000))
        night = np.sort(random.uniform(DAY_S / 2, DAY_S, 60))
        yield from ((day * DAY_S + float(t), False) for t in windy)
        yield from ((day * DAY_S + float(t), bool(random.random() < 0.2)) for t in night)


def sampled(seed: int) -> tuple[Recall, float]:
    """What the audit says of them, and what is so; each audit is as large as it may be."""
    allowance, recall, missed, events = Allowance(), Recall(), 0, 0
    for number, (now, threat) in enumerate(windy_days(seed)):
        allowance = earned(allowance, now, MOST, PER_DAY)
        share = 0.05 * chance(allowance, 0, MOST)
        recall = Recall(
            rejected=recall.rejected + 1,
            uncovered=recall.uncovered + (share == 0),
            answered=recall.answered,
            missed=recall.missed,
        )
        events, missed = events + 1, missed + threat
        if Draw("gw", str(seed), 1).falls_on("motion", number, share):
            left = spent(allowance, MOST)
            assert left is not None
            allowance, recall = left, recall.add_answer(share, missed=threat)
    return recall, missed / events


def test_bytes_that_run_short_bias_no_estimate() -> None:
    """A hundred drawn a day would want six times the bytes, nearly all of them in the wind. The
    truth lies in the interval and near the mean of the estimates; unweighted, as if those for which
    there were bytes had been drawn alike, the rate is several times as high."""
    months = [sampled(seed) for seed in range(8)]
    truth = float(np.mean([truth for _, truth in months]))
    weighted = float(np.mean([recall.rate() or 0.0 for recall, _ in months]))
    plain = float(np.mean([recall.missed.count / recall.answered.count for recall, _ in months]))
    inside = sum(
        (span := recall.interval()) is not None and span[0] <= truth <= span[1]
        for recall, truth in months
    )
    assert inside >= 7
    assert weighted < 1.5 * truth
    assert plain > 3 * truth
