"""Tools around the product: demo, evaluation, build and fuzzing. Nothing of them ships."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
"""The folder of the repository."""
