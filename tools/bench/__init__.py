"""How fast is it, and beside what: `python -m tools.bench`. Reports; asserts nothing."""
