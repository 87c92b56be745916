"""How the index's tables became what they are; run at start by `cloud.index.database`."""
