"""Proof of watch: what became of every camera's frames, hour by hour, signed and chained."""
