"""From a report to a verdict."""
