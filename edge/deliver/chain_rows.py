"""The gateway's chain in the outbox: which number the next report gets, and which were given up.

SHELL. One row, changed in the same transaction as the entry that it speaks of, so a number is never
given twice nor lost in silence. Where that row is gone or doubtful, a new chain begins. Called by
the outbox and its rows, under its lock; what a chain is for: `contract.chain`.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from contract.chain import START, link_sha256
from contract.ids import ReportId
from contract.report import ChainLink, Span, ThreatReport
from edge.deliver.outbox_database import SqlStatements

MOST_SPANS = 8
"""Of numbers given up that each report names; older ones are forgotten, and would look removed."""

_MOST_NUMBER = 2**52
"""Half of what readers of JSON that count in doubles can tell from its neighbours."""

_CHAIN_CHARS = 16
"""64 bits by chance: no two chains of a store are called the same."""


@dataclass(frozen=True, slots=True)
class ChainState:
    """The newest link, and what was given up lately."""

    chain: str
    number: int
    last: str
    given_up: tuple[Span, ...]


class ChainRows(SqlStatements):
    """The one row."""

    def next_link(self, pictures: int) -> ChainLink:
        """For a report with so many pictures that is put next; the first begins a chain."""
        state = self._state() or ChainState(secrets.token_hex(_CHAIN_CHARS // 2), 0, START, ())
        return ChainLink(
            chain=state.chain,
            number=state.number + 1,
            previous=state.last,
            pictures=pictures,
            given_up=state.given_up,
        )

    def advance(self, report: ThreatReport) -> None:
        """Its entry is being inserted; within that transaction."""
        link, state = report.link, self._state()
        if link is None or (state is not None and link.number != state.number + 1):
            return  # it was put before and comes back
        if state is None and link.number != 1:
            return
        last = link_sha256(link, report.gateway, report.report_id, report.evidence)
        self._keep(ChainState(link.chain, link.number, last, link.given_up))

    def give_up(self, report_id: ReportId) -> None:
        """Its entry goes undecided; within the transaction that takes it away."""
        state = self._state()
        found = self._all(
            "SELECT report FROM entries WHERE report_id = ? "
            "AND state IN ('pending', 'stored', 'reported')",
            report_id,
        )
        if state is None or not found:
            return
        with suppress(ValidationError):  # what cannot be read cannot be named
            link = ThreatReport.model_validate_json(found[0][0] or "").link
            if link is not None and link.chain == state.chain:
                spans = with_number(state.given_up, link.number)
                self._keep(ChainState(state.chain, state.number, state.last, spans))

    def begin_anew(self) -> None:
        """The next report begins another chain."""
        with self._transaction():
            self._change("DELETE FROM chain")

    def _state(self) -> ChainState | None:
        rows = self._all("SELECT chain, number, last, given_up FROM chain")
        if not rows:
            return None
        chain, number, last, given_up = rows[0]
        try:
            spans = tuple((int(first), int(to)) for first, to in json.loads(given_up))
            link = ChainLink(chain=chain, number=number, previous=last, pictures=0, given_up=spans)
        except (TypeError, ValueError, OverflowError):
            return None
        if link.number > _MOST_NUMBER:
            return None  # no chain is that long: damage, and the next number would be refused
        return ChainState(link.chain, link.number, link.previous, link.given_up)

    def _keep(self, state: ChainState) -> None:
        self._change(
            "INSERT OR REPLACE INTO chain (one, chain, number, last, given_up) "
            "VALUES (1, ?, ?, ?, ?)",
            state.chain,
            state.number,
            state.last,
            json.dumps(state.given_up),
        )


def with_number(spans: tuple[Span, ...], number: int) -> tuple[Span, ...]:
    """The spans with one number more, neighbours joined, the newest `MOST_SPANS` of them."""
    numbers = sorted({*spans, (number, number)})
    joined: list[Span] = []
    for first, last in numbers:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return tuple(joined[-MOST_SPANS:])
