"""Reference pages that are made from what they describe: topics, metrics, commands, classes."""
