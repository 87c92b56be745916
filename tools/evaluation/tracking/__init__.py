"""Holds the tracker against well-known ones on scenes with exact identities."""
