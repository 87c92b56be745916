"""Drawn people for composed scenes: poses and views that no recording here has."""
