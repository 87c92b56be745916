"""Wilson's interval, where the evaluation looks for it; the edge states its own rates with it."""

from __future__ import annotations

from edge.audit.recall import Z_95, Interval, wilson

__all__ = ["Z_95", "Interval", "wilson"]
