"""The worker process: reports from the broker, verdicts to it."""
