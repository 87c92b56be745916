"""Conditions as values: what was asked, what was found, what the limit is, whether it holds.

PURE. A rule is a row of checks and fires if all are passed; the words of a decision, for it or
against it, are made from the same checks, so they cannot say anything else than what was decided.
"""

from __future__ import annotations

from edge.records import Check, Ignored, RuleResult

_OPPOSITE = {">=": "<", "<=": ">"}


def at_least(name: str, what: str, value: float, limit: float, note: str = "") -> Check:
    return Check(
        name=name,
        what=what,
        value=value,
        sign=">=",
        limit=limit,
        passed=value >= limit,
        note=note,
    )


def at_most(name: str, what: str, value: float, limit: float) -> Check:
    return Check(name=name, what=what, value=value, sign="<=", limit=limit, passed=value <= limit)


def one_of(
    name: str, what: str, found: tuple[str, ...], wanted: tuple[str, ...], note: str = ""
) -> Check:
    """Whether any of the names found is wanted."""
    return Check(
        name=name,
        what=what,
        value=found,
        sign="in",
        limit=wanted,
        passed=any(name in wanted for name in found),
        note=note,
    )


def words(check: Check) -> str:
    """The check in words: `median score of 4 frames 0.31 < 0.35`, `stands in zone drive`."""
    note = f" ({check.note})" if check.note else ""
    if isinstance(check.value, tuple) and isinstance(check.limit, tuple):
        return _names(check.what, check.value, check.limit) + note
    sign = check.sign if check.passed else _OPPOSITE[check.sign]
    return f"{check.what} {_number(check.value)} {sign} {_number(check.limit)}{note}"


def brief(check: Check) -> str:
    """The check in as few words as a picture has room for: `min_travel 0.12 < 0.20`."""
    if isinstance(check.value, tuple) and isinstance(check.limit, tuple):
        return f"{check.name} {', '.join(check.value) or 'none'}"
    sign = check.sign if check.passed else _OPPOSITE[check.sign]
    return f"{check.name} {_number(check.value)} {sign} {_number(check.limit)}"


def _names(what: str, found: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    hits = [name for name in found if name in wanted]
    if hits:
        return f"{what} {', '.join(hits)}"
    return f"{what} {', '.join(found) or 'none'}, wanted {' or '.join(wanted)}"


def _number(value: float | tuple[str, ...]) -> str:
    """Two decimals, or as many as a small share needs to be no zero."""
    if not isinstance(value, float | int):
        return ", ".join(value)
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.2g}"


def reasons(rule_result: RuleResult) -> tuple[str, ...]:
    """Why it was decided so: all that speaks for it if it fired, else all that speaks against.

    That the label fits goes without saying once it does: the report has it.
    """
    deciding = [
        check
        for check in rule_result.checks
        if check.passed == rule_result.fired and not (rule_result.fired and check.name == "labels")
    ]
    return tuple(words(check) for check in deciding) + _profile(rule_result)


def _profile(rule_result: RuleResult) -> tuple[str, ...]:
    return ("by the rule's night values",) if rule_result.night else ()


def whole(rule_result: RuleResult, reported: bool) -> str:
    """One line: object, rule, decision, and every check that decided it; what fires and is not
    `reported` was a duplicate of what was."""
    what = "single picture" if rule_result.track is None else f"track {rule_result.track}"
    decided = (
        "clear" if not rule_result.fired else "fires" if reported else "fires, but is a duplicate"
    )
    return f"{what} {rule_result.label}: {rule_result.rule} {decided}: " + "; ".join(
        reasons(rule_result)
    )


def ignored_words(ignored: Ignored) -> str:
    """One line on a detection that a mask took out."""
    return f"{ignored.label} {ignored.score:.2f} ignored by mask {ignored.mask}: " + words(
        ignored.check
    )
