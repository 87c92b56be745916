"""Scores the whole product, edge and cloud, on labelled footage: `python -m tools.evaluate`."""
