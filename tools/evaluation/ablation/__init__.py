"""What each stage adds and costs: `python -m tools.evaluation.ablation`."""
