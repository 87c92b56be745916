"""How the tables of accounts became what they are; run at start by `cloud.console.tables`."""
