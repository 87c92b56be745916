"""Somebody is told: notifications of verdicts and faults to people, systems and alarm centres."""
