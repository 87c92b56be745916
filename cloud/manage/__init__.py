"""The operator's side of what is ordered from afar: roots of trust, configurations, models."""
