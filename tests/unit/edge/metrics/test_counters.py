"""Frame accounting under many threads, and its bound."""

import threading

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from contract.ids import CameraId
from edge.metrics import counters as module
from edge.metrics.counters import Counters, FunnelCollector
from edge.metrics.funnel import OTHERS, FrameStage, Funnel

GATE = CameraId("gate")
NOTIFICATION_OUTCOMES: tuple[FrameStage, ...] = ("superseded", "quiet", "analysed")


@given(st.lists(st.sampled_from([*NOTIFICATION_OUTCOMES, "empty", "stale", None])))
def test_received_is_the_sum_of_all_ends_and_of_what_is_in_flight(ends: list[str | None]) -> None:
    counters = Counters()
    for end in ends:
        counters.count(GATE, "received")
        match end:
            case None:
                pass
            case "superseded" | "quiet" | "analysed":
                counters.count(GATE, end)
            case reason:
                counters.reject(GATE, reason)
    funnel = counters.snapshot().get(GATE, Funnel())
    settled = funnel.rejected + funnel.superseded + funnel.quiet + funnel.analysed
    assert funnel.received == len(ends) == settled + ends.count(None)
    assert funnel.in_flight == ends.count(None)


def test_no_count_is_lost_between_threads() -> None:
    counters = Counters()
    begin = threading.Barrier(4)

    def count() -> None:
        begin.wait()
        for _ in range(2000):
            counters.count(GATE, "received")
            counters.reject(GATE, "empty")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    funnel = counters.snapshot()[GATE]
    assert (funnel.received, funnel.rejected_by, funnel.in_flight) == (8000, {"empty": 8000}, 0)


def test_stats_name_rejections_by_reason_and_lost_suspicions() -> None:
    counters = Counters()
    counters.count(GATE, "received")
    counters.reject(GATE, "empty")
    counters.count(GATE, "suspicions")
    counters.count(GATE, "lost")
    said = counters.snapshot()[GATE].as_json()
    assert said["rejected"] == {"empty": 1}
    assert (said["received"], said["suspicions"], said["lost"], said["confirmed"]) == (1, 1, 1, 0)


def test_invented_camera_names_do_not_grow_without_bound() -> None:
    counters = Counters()
    for number in range(2 * module.MAX_CAMERAS + 10):
        counters.count(CameraId(f"c{number}"), "received")
        counters.reject(CameraId(f"c{number}"), "too_many_cameras")
    funnels = counters.snapshot()
    assert len(funnels) <= module.MAX_CAMERAS + 1
    assert funnels[OTHERS].in_flight == 0
    assert sum(funnel.received for funnel in funnels.values()) == 2 * module.MAX_CAMERAS + 10


def test_prometheus_reads_the_funnels() -> None:
    counters = Counters()
    counters.count(GATE, "received")
    counters.reject(GATE, "empty")
    counters.count(GATE, "confirmed")
    registry = CollectorRegistry()
    registry.register(FunnelCollector(counters.snapshot))
    text = generate_latest(registry).decode()
    assert 'stillwatch_frames_total{camera="gate",outcome="received"} 1.0' in text
    assert 'stillwatch_frames_rejected_total{camera="gate",reason="empty"} 1.0' in text
    assert 'stillwatch_alarms_total{camera="gate",kind="confirmed"} 1.0' in text
    assert 'stillwatch_frames_in_flight{camera="gate"} 0.0' in text
