"""The gateway's certificate for the cloud's broker: its own key, the first one, the next ones."""
