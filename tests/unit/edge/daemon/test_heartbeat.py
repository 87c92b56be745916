"""Who is late."""

from edge.daemon.heartbeat import Late, Pulse, late


def pulse(worker: str, beat_at_s: float) -> Pulse:
    return Pulse(worker=worker, beat_at_s=beat_at_s, patience_s=10)


def test_nobody_is_late_within_their_patience() -> None:
    assert late([pulse("courier", 90), pulse("analysis-0", 95)], now=100) == ()


def test_the_longest_silence_comes_first() -> None:
    overdue = late([pulse("courier", 85), pulse("analysis-0", 80), pulse("analysis-1", 99)], 100)
    assert overdue == (
        Late(worker="analysis-0", silent_s=20),
        Late(worker="courier", silent_s=15),
    )
    assert str(overdue[0]) == "analysis-0 silent for 20.0 s"
