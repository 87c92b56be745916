"""The console: accounts, the wall of alarms, and the work of an operator, as pages of a browser."""
