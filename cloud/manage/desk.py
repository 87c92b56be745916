"""What a verb of the operator works with: settings, clock, history, who he is, whom gateways trust.

SHELL. Opens the store when a verb first needs it. Raises `CannotRun` and `SettingsError`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cloud.confirm.offline import CannotRun
from cloud.manage.arguments import user_name
from cloud.manage.files import read_file
from cloud.manage.fleet_link import FleetLink
from cloud.manage.history import History
from cloud.settings import Settings
from contract.envelope import Envelope, Refusal, RefusalReason
from contract.rotation import read_root
from contract.topics import UpdateKind
from contract.trust import Root, expired, verify
from contract.update import ORDER_TYPES, UpdateOrder, read_order
from objectstore.inventory import open_inventory
from objectstore.store import ObjectStore
from service.clock import Clock


@dataclass
class Desk:
    """Of one run."""

    options: argparse.Namespace
    settings: Settings
    open_store: Callable[[], ObjectStore]
    clock: Clock

    @cached_property
    def history(self) -> History:
        """In the settings' store."""
        store = self.open_store()
        return History(store=store, inventory=open_inventory(self.settings.store or ""))

    @property
    def by(self) -> str:
        """Who does it."""
        named: str | None = self.options.by
        return named or user_name()

    @property
    def reason(self) -> str:
        """Why; it has to be said."""
        said: str | None = self.options.reason
        if not said:
            raise CannotRun("say why, for whoever looks at the history: --reason TEXT")
        return said

    def fleet(self) -> FleetLink:
        """The broker's side of all gateways."""
        return FleetLink(self.settings, self.clock)

    def trusted(self) -> Root | None:
        """The root of `--trust`, or the newest in the history; None if there is neither."""
        named: Path | None = self.options.trust
        if named is not None:
            return open_root(named)
        if self.settings.store is None:
            return None
        for record in self.history.newest_first("root"):
            found = read_root(record.envelope.encode())
            if isinstance(found, Refusal):
                raise CannotRun(f"root {record.version} in the history: {found.detail}")
            return found
        return None

    def lacking(self, kind: UpdateKind, envelope: Envelope) -> Refusal | None:
        """Why gateways would not accept an order now, by its signatures and the root's time."""
        root = self.trusted()
        if root is None:
            raise CannotRun("no root of trust: `root publish` one, or name it with --trust FILE")
        return verify(envelope, root, kind) or expired(root, self.clock.now())

    def order(self, kind: UpdateKind, envelope: Envelope, where: object) -> UpdateOrder:
        """The order in an envelope, whoever signed it."""
        if envelope.payload_type != ORDER_TYPES[kind]:
            raise CannotRun(f"{where} is {envelope.payload_type}, no order of a {kind}")
        found = read_order(envelope.payload, kind)
        if isinstance(found, Refusal):
            raise CannotRun(f"{where}: {found.reason}: {found.detail}")
        return found


def open_root(file: Path) -> Root:
    """A root in a file that its own keys signed, or plain."""
    found = read_root(read_file(file))
    if not isinstance(found, Refusal):
        return found
    hint = ": `root sign` it" if found.reason is RefusalReason.BELOW_THRESHOLD else ""
    raise CannotRun(f"{file}: {found.reason}: {found.detail}{hint}")
