"""The daemon as a systemd service: its unit, filled in for this machine, written and taken away."""
