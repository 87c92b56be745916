"""Whom this gateway obeys, kept where no order can overwrite it.

SHELL. The first root of trust is the file that `manage.root` names; what follows on it, and the
highest version accepted, is kept in `updates/trust.json` beside the outbox. Nothing is kept of what
was not signed by whom we trust. Called by `updater`, on the control loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from contract.envelope import Refusal, RefusalReason
from contract.ids import GatewayId
from contract.rotation import open_roots, read_root
from contract.topics import UpdateKind
from contract.trust import Root, TrustedState
from contract.update import OpenedOrder, open_order
from edge.config.schema import EdgeConfig
from edge.update.store import FOLDER, MAX_BYTES, read_sealed, set_aside, write_sealed
from service.clock import Clock
from service.events import Event, log

NO_ROOT = "no_root_of_trust"


class KeptTrust(BaseModel):
    """`anchor` is the root that stood in the file then: with another one it begins anew there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    anchor: Root
    state: TrustedState


class TrustStore:
    """The trusted state of a gateway; `why_none` says in words why there is none."""

    def __init__(self, outbox: Path, gateway: GatewayId, config: Callable[[], EdgeConfig]) -> None:
        manage = config().manage
        self._file = outbox / FOLDER / "trust.json"
        self._gateway, self._config = gateway, config
        self._kept, self.why_none = _first(self._file, manage.root)
        if self.why_none and manage.root is not None:
            log(Event.UPDATE_ROOT_REFUSED, reason=self.why_none)

    @property
    def state(self) -> TrustedState | None:
        """Whom we trust and what was accepted."""
        return None if self._kept is None else self._kept.state

    @property
    def root(self) -> Root | None:
        """Of those that we trust."""
        return None if self._kept is None else self._kept.state.root

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of this gateway."""
        return self._config().manage.groups

    def open(self, content: bytes, kind: UpdateKind, clock: Clock) -> OpenedOrder | Refusal:
        """The order in an envelope, if this gateway may obey it; needs a trusted state."""
        if self.state is None:
            raise ValueError(self.why_none)
        return open_order(content, kind, self.state, self._gateway, self.groups, clock.now())

    def accept(self, kind: UpdateKind, opened: OpenedOrder) -> None:
        """Nothing older is accepted from now on; raises `OSError` and then it is as before."""
        if self.state is not None and not opened.again:
            self._keep(self.state.with_accepted(kind, opened.order.version, opened.digest))

    def rotate(self, content: bytes) -> Refusal | None:
        """Follow a chain of roots as far as it leads; raises `OSError`."""
        if self.state is None:
            return None
        root, refusal = open_roots(content, self.state.root)
        if root.version > self.state.root.version:
            self._keep(self.state.with_root(root))
            log(Event.UPDATE_ROOT_CHANGED, version=root.version)
        return refusal

    def _keep(self, state: TrustedState) -> None:
        if self._kept is None:
            return
        kept = self._kept.model_copy(update={"state": state})
        write_sealed(self._file, kept)
        self._kept = kept


def _first(file: Path, named: Path | None) -> tuple[KeptTrust | None, str]:
    """What was kept, or begins with the named root; without a name there is no trust at all."""
    if named is None:
        return None, "no root of trust: manage.root is not set"
    root, kept = _root_in(named), _read(file)
    if isinstance(root, Refusal):
        # what followed on it is signed by its keys: a file that went lost locks nobody out
        return kept, "" if kept else f"no root of trust: manage.root: {named}: {root.detail}"
    if kept is None:
        return KeptTrust(anchor=root, state=TrustedState(root=root)), ""
    if kept.anchor != root:
        return KeptTrust(anchor=root, state=kept.state.with_root(root)), ""
    return kept, ""


def _root_in(file: Path) -> Root | Refusal:
    try:
        with file.open("rb") as opened:
            return read_root(opened.read(MAX_BYTES))
    except OSError as error:
        return Refusal(RefusalReason.INVALID, f"cannot be read: {error.strerror}")


def _read(file: Path) -> KeptTrust | None:
    document = read_sealed(file)
    if document is None:
        return None
    try:
        return KeptTrust.model_validate_json(document)
    except ValidationError:
        set_aside(file)
        return None
