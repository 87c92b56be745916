"""The self-test: a marked suspicion goes the whole way of an alarm; each hop says its time."""
