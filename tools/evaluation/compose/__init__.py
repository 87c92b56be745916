"""Composed scenes: what footage is lacking, with exact labels, made from a seed."""
