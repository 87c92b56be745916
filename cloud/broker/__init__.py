"""The connection to the cloud's broker."""
