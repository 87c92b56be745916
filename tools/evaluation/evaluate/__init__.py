"""Scores edge and cloud on labelled footage: `python -m tools.evaluation.evaluate`."""
