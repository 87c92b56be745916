"""`publish`, `rollback` and `status`: orders on their way to gateways, and their answers.

SHELL. The history is written first: what no gateway ever got can be published again, what is not in
the history was never ordered. An order is kept by the broker for each of its gateways (retained),
so one that is away gets it when it is back. Raises `CannotRun`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cloud.confirm.offline import CannotRun
from cloud.manage.desk import Desk
from cloud.manage.files import read_signed, write_signed
from cloud.manage.gateways import KnownGateway
from cloud.manage.history import record_of
from cloud.manage.signing import again, next_version, said_now, sealed, shown
from cloud.manage.status import REFUSED, as_json, rows, table
from contract.envelope import Envelope, RefusalReason, write_envelope
from contract.ids import GatewayId, is_name
from contract.keys import model_key
from contract.topics import Topics, UpdateKind
from contract.update import ModelOrder, UpdateOrder
from objectstore.store import NotFound


def publish(desk: Desk, kind: UpdateKind) -> Iterator[str]:
    """An order to all its gateways."""
    envelope = read_signed(desk.options.order)
    order = desk.order(kind, envelope, desk.options.order)
    admit(desk, order, envelope)
    yield from _send(desk, order, envelope)


def rollback(desk: Desk, kind: UpdateKind) -> Iterator[str]:
    """What an earlier version said, under a new and higher version, for the same gateways."""
    newest = desk.history.read(kind, next_version(desk, kind) - 1).order()
    order = again(
        _earlier(desk, newest),
        {
            **said_now(desk),
            "version": newest.version + 1,
            "targets": newest.targets,
            "replay": None,  # a way back is open whatever recent frames say
        },
    )
    envelope = sealed(order, desk.options.sign)
    flaw = desk.lacking(kind, envelope)
    if flaw is not None and flaw.reason is RefusalReason.BELOW_THRESHOLD:
        file = desk.options.out or Path(f"{kind}-{order.version}.json")
        write_signed(file, envelope)
        yield from shown(desk, order, envelope, file)
        yield f"let another sign it: `{kind} sign --add {file}`, then `{kind} publish {file}`"
        return
    admit(desk, order, envelope)
    yield from _send(desk, order, envelope)


def status(desk: Desk, kind: UpdateKind) -> tuple[list[str], bool]:
    """The table, and whether anybody refused."""
    with desk.fleet() as fleet:
        found = rows(fleet.gateways(), kind)
    lines = [json.dumps(as_json(one)) for one in found] if desk.options.json else list(table(found))
    return lines, any(one.answer in REFUSED for one in found)


def admit(desk: Desk, order: UpdateOrder, envelope: Envelope) -> None:
    """Keeps an order in the history, unless gateways would refuse it."""
    flaw = desk.lacking(order.kind, envelope)
    if flaw is not None:
        raise CannotRun(f"every gateway would refuse it: {flaw.reason}: {flaw.detail}")
    if desk.clock.now() >= order.expires_at:
        raise CannotRun(f"it expired at {order.expires_at.isoformat()}: sign it anew")
    if isinstance(order, ModelOrder):
        _check_files(desk, order)
    said = (desk.clock.now(), order.issued_by, order.reason)
    desk.history.keep(record_of(order.kind, order.version, envelope, said))


def members(order: UpdateOrder, gateways: Mapping[GatewayId, KnownGateway]) -> list[GatewayId]:
    """The known gateways that it is for, and those that it names."""
    known = {name for name, one in gateways.items() if order.targets.include(name, one.groups)}
    return sorted(known | set(order.targets.gateways))


def messages(
    root: str, order: UpdateOrder, envelope: Envelope, to: Iterable[GatewayId]
) -> list[tuple[str, bytes]]:
    """Topic and payload for each gateway."""
    content = write_envelope(envelope)
    return [
        (Topics(gateway=one, root=root).of_update(order.kind, "desired"), content) for one in to
    ]


def named_gateways(names: Iterable[str]) -> list[GatewayId]:
    """Ids that were given by hand."""
    wrong = [one for one in names if not is_name(one)]
    if wrong:
        raise CannotRun(f"{wrong[0]!r} is no id of a gateway: 1 to 64 of a-z 0-9 _ -")
    return sorted(GatewayId(one) for one in set(names))


def _send(desk: Desk, order: UpdateOrder, envelope: Envelope) -> Iterator[str]:
    with desk.fleet() as fleet:
        known = fleet.gateways()
        chosen = named_gateways(desk.options.gateway) or members(order, known)
        newer = [one for one in chosen if has_newer(known.get(one), order)]
        to = [one for one in chosen if one not in newer]
        fleet.retain(messages(fleet.root, order, envelope, to))
    if not chosen:
        raise CannotRun("no gateway that is known to the broker is among its targets")
    yield from (f"{one}: {order.kind} {order.version}" for one in to)
    yield from (f"{one}: left alone, a newer one was ordered" for one in newer)


def has_newer(known: KnownGateway | None, order: UpdateOrder) -> bool:
    """Whether something newer was ordered of a gateway already."""
    desired = None if known is None else known.desired.get(order.kind)
    return desired is not None and desired.version > order.version


def _earlier(desk: Desk, newest: UpdateOrder) -> UpdateOrder:
    to: int | None = desk.options.to
    if to == 0:
        return _own_file(newest)
    if to is not None:
        return desk.history.read(newest.kind, to).order()
    for record in desk.history.newest_first(newest.kind):
        order = record.order()
        if order.version < newest.version and order.targets == newest.targets:
            return order
    raise CannotRun(
        f"no {newest.kind} before {newest.version} was for the same gateways: say which with --to"
    )


def _own_file(newest: UpdateOrder) -> UpdateOrder:
    if newest.kind == "model":
        raise CannotRun("a gateway's own model has no version: order `detect` by configuration")
    return again(newest, {"patch": "{}\n"})


def _check_files(desk: Desk, order: ModelOrder) -> None:
    """Every file lies in the store."""
    for file in order.files:
        key = model_key(file.sha256)
        try:
            size = len(desk.history.store.get(key, file.bytes))
        except NotFound as error:
            raise CannotRun(f"{file.name} is not in the store: `model upload FOLDER`") from error
        if size != file.bytes:
            raise CannotRun(f"{file.name} lies in the store with {size} bytes, not {file.bytes}")
