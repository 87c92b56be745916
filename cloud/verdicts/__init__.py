"""Verdicts as they are stored: signed, chained, kept, verified, labelled."""
