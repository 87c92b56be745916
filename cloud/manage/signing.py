"""`sign`, `diff` and `history`: orders before they are published, and those that were.

SHELL. An order is written to a file that is signed by one after the other, each on his own machine
if need be. Prints what was signed, so that the next signer sees what he signs. Raises `CannotRun`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from cloud.confirm.offline import CannotRun
from cloud.keys import open_keys
from cloud.manage.contents import differences, model_in, patch_of
from cloud.manage.desk import Desk
from cloud.manage.files import read_file, read_signed, sign_file, signers, write_signed
from cloud.manage.journal import Journal, entry_in_words
from contract.envelope import Envelope, Refusal, read_envelope, seal
from contract.ids import GatewayId
from contract.shadow import ReplayLimits
from contract.topics import UpdateKind
from contract.update import (
    ORDER_TYPES,
    ConfigOrder,
    ModelOrder,
    Targets,
    UpdateOrder,
    digest_of,
)
from contract.validation_errors import first_error


def sign(desk: Desk, kind: UpdateKind) -> Iterator[str]:
    """Writes an order, or adds a signature to one."""
    options = desk.options
    if options.add is not None:
        order = desk.order(kind, read_signed(options.add), options.add)
        envelope = sign_file(options.add, options.sign)
        yield from shown(desk, order, envelope, options.add)
        return
    if options.content is None:
        raise CannotRun("say what: a file or folder, or an order to sign with --add ORDER")
    order = written(desk, kind, options.content)
    file = options.out or Path(f"{kind}-{order.version}.json")
    envelope = sealed(order, options.sign)
    write_signed(file, envelope)
    yield from shown(desk, order, envelope, file)


def diff(desk: Desk, kind: UpdateKind) -> Iterator[str]:
    """What an order or patch says otherwise than an earlier one."""
    after = _given(desk, kind, desk.options.content)
    against: int | None = desk.options.against
    known = desk.history.versions(kind)
    chosen = against if against is not None else max(known, default=None)
    before = None if chosen is None else desk.history.read(kind, chosen).order()
    yield f"against {kind} {chosen}:" if chosen is not None else f"there is no {kind} before:"
    yield from differences(before, after)


def history(desk: Desk, kind: UpdateKind) -> Iterator[str]:
    """A line for each order that was published, and one for each step of its roll-out; whose
    signatures are checked where there are keys."""
    keys = open_keys(desk.settings)
    for record in desk.history.newest_first(kind):
        at = record.published_at.isoformat(timespec="seconds")
        whom = targets_in_words(record.order().targets)
        yield f"{record.version}  {at}  {record.published_by}  for {whom}: {record.reason}"
        entries = Journal(desk.history, kind, record.version, keys).read()
        yield from (f"    {entry_in_words(one, entries[0].rings)}" for one in entries)


def sealed(order: UpdateOrder, keys: list[Path]) -> Envelope:
    """The order, signed with `keys`."""
    if not keys:
        raise CannotRun("nobody signs: --sign FILE with a private key that `keygen` made")
    # what is not said is left out: a gateway of before a field was there obeys the others
    payload = order.model_dump_json(exclude_none=True).encode()
    return seal(ORDER_TYPES[order.kind], payload, signers(keys))


def written(desk: Desk, kind: UpdateKind, content: Path) -> UpdateOrder:
    """The order of the options with a patch or model."""
    common: dict[str, object] = {
        **said_now(desk),
        "version": desk.options.version or next_version(desk, kind),
        "targets": _targets(desk),
        "replay": _replay(desk),
    }
    return _order(kind, common | content_of(kind, content))


def said_now(desk: Desk) -> dict[str, object]:
    """Who says it, why, when, and until when it may be accepted."""
    now = desk.clock.now()
    return {
        "issued_at": now,
        "expires_at": now + timedelta(days=desk.options.days),
        "issued_by": desk.by,
        "reason": desk.reason,
    }


def next_version(desk: Desk, kind: UpdateKind) -> int:
    """One more than the newest in the history."""
    return max(desk.history.versions(kind), default=0) + 1


def again(order: UpdateOrder, change: dict[str, object]) -> UpdateOrder:
    """The same with other values."""
    return _order(
        order.kind, {name: getattr(order, name) for name in type(order).model_fields} | change
    )


def content_of(kind: UpdateKind, content: Path) -> dict[str, object]:
    """The fields that say what is ordered."""
    if kind == "config":
        text = _text(content)
        patch_of(text, str(content))
        return {"patch": text}
    manifest, text, files = model_in(content)
    return {"name": manifest.name, "manifest": text, "files": files}


def shown(desk: Desk, order: UpdateOrder, envelope: Envelope, file: Path) -> Iterator[str]:
    """The order in words, and what its signatures lack where a root is known."""
    yield f"{file}: {order.kind} {order.version} for {targets_in_words(order.targets)}"
    until = order.expires_at.isoformat(timespec="minutes")
    yield f"  {order.reason} ({order.issued_by}), until {until}"
    if order.replay is not None:
        yield f"  refused by a gateway whose recent frames go beyond: {order.replay.words()}"
    yield f"  payload sha256 {digest_of(envelope.payload)}"
    yield f"  signed by {', '.join(one.key_id for one in envelope.signatures)}"
    if desk.trusted() is not None:
        flaw = desk.lacking(order.kind, envelope)
        yield "  gateways accept it" if flaw is None else f"  not yet: {flaw.detail}"


def targets_in_words(targets: Targets) -> str:
    """For a person."""
    where = f"groups {', '.join(targets.groups)}" if targets.groups else "all gateways"
    share = f"{targets.percent} % of " if targets.percent is not None else ""
    parts = [f"gateways {', '.join(targets.gateways)}"] * bool(targets.gateways)
    parts += [share + where] * (bool(targets.groups) or targets.percent is not None)
    return " and ".join(parts) or "nobody"


def _given(desk: Desk, kind: UpdateKind, content: Path) -> UpdateOrder:
    """An order in its envelope, or the bare content as an order that nobody gave."""
    if content.is_file():
        envelope = read_envelope(read_file(content))
        if not isinstance(envelope, Refusal):
            return desk.order(kind, envelope, content)
    now = desk.clock.now()
    bare: dict[str, object] = {
        "version": 1,
        "issued_at": now,
        "expires_at": now + timedelta(days=1),
        "issued_by": "",
        "reason": "",
        "targets": Targets(),
    }
    return _order(kind, bare | content_of(kind, content))


def _targets(desk: Desk) -> Targets:
    options = desk.options
    try:
        targets = Targets(
            gateways=tuple(GatewayId(one) for one in options.for_gateway),
            groups=tuple(options.for_group),
            percent=options.for_percent,
            salt=options.salt,
        )
    except ValidationError as error:
        raise CannotRun(f"targets: {first_error(error)}") from error
    if targets == Targets(salt=options.salt):
        raise CannotRun("say for whom: --for-gateway, --for-group or --for-percent (100: all)")
    return targets


def _replay(desk: Desk) -> ReplayLimits | None:
    """For each gateway that takes the order."""
    limits = replay_limits(desk.options)
    if not limits.any:
        if limits.accept_unreplayed:
            raise CannotRun("--accept-unreplayed: there is no limit for what is replayed")
        return None
    return limits


def replay_limits(options: argparse.Namespace) -> ReplayLimits:
    """As the options have them."""
    try:
        return ReplayLimits(
            max_lost_decisions_share=options.max_lost_decisions_share,
            max_new_decisions_per_h=options.max_new_decisions_per_h,
            accept_unreplayed=options.accept_unreplayed,
        )
    except ValidationError as error:
        raise CannotRun(f"limits: {first_error(error)}") from error


def _order(kind: UpdateKind, fields: dict[str, object]) -> UpdateOrder:
    try:
        if kind == "config":
            return ConfigOrder.model_validate(fields)
        return ModelOrder.model_validate(fields)
    except ValidationError as error:
        raise CannotRun(f"no order: {first_error(error)}") from error


def _text(file: Path) -> str:
    try:
        return read_file(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotRun(f"{file} is no UTF-8 text: {error}") from error
