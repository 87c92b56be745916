"""How long frames take, as Prometheus histograms.

SHELL (the metrics registry). Filled by the analysis threads, read by `/metrics`.
"""

from prometheus_client import CollectorRegistry, Histogram

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Timings:
    """Seconds of analysis, and from receipt to the end of analysis."""

    def __init__(self) -> None:
        self._analysis = Histogram(
            "stillwatch_analysis_seconds",
            "Seconds a frame was looked at.",
            registry=None,
            buckets=_BUCKETS,
        )
        self._age = Histogram(
            "stillwatch_frame_age_seconds",
            "Seconds from receipt to the end of analysis.",
            registry=None,
            buckets=_BUCKETS,
        )

    def register(self, registry: CollectorRegistry) -> None:
        """Shows both in `registry`."""
        registry.register(self._analysis)
        registry.register(self._age)

    def observe(self, analysis_s: float, age_s: float) -> None:
        """One frame."""
        self._analysis.observe(analysis_s)
        self._age.observe(age_s)
