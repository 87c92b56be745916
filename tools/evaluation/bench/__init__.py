"""How fast is it, and beside what: `python -m tools.evaluation.bench`. Reports; asserts nothing."""
