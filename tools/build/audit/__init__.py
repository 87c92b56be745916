"""Known holes in what we lock: `python -m tools.build.audit`."""
