"""Evidence and verdicts at rest: an S3 bucket or a directory, behind one protocol."""
