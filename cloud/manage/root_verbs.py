"""`root init|rotate|sign|show|publish`: who may sign orders, and how that changes.

SHELL. A root is a file that is signed by one after the other; published, it is kept in the history
and sent to gateways with all before it. Raises `CannotRun`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import get_args

from cloud.confirm.offline import CannotRun
from cloud.manage.desk import Desk, open_root
from cloud.manage.files import public_key, read_signed, sign_file, signers, write_signed
from cloud.manage.history import record_of
from cloud.manage.publishing import named_gateways
from cloud.manage.roots import KeyOfRole, RootFlaw, first_root, lacking, sheet, successor
from contract.envelope import Envelope, Refusal, seal
from contract.rotation import next_root, root_in, write_roots
from contract.signature import key_id_of
from contract.topics import Topics
from contract.trust import ROOT_TYPE, Root, TrustRole


def init(desk: Desk) -> Iterator[str]:
    """The first root, signed."""
    options = desk.options
    if options.file.exists():
        raise CannotRun(f"{options.file} is there already, and a root is not overwritten")
    expires_at = desk.clock.now() + timedelta(days=options.days)
    try:
        root = first_root(_keys(options.keys), _thresholds(options.threshold), expires_at)
    except RootFlaw as error:
        raise CannotRun(str(error)) from error
    yield from _write(root, options.file, options.sign, None)


def rotate(desk: Desk) -> Iterator[str]:
    """The next root, signed by those who are at hand."""
    options = desk.options
    before = open_root(options.before)
    expires_at = desk.clock.now() + timedelta(days=options.days)
    try:
        root = successor(
            before,
            _keys(options.keys),
            _removals(options.remove, before),
            _thresholds(options.threshold),
            expires_at,
        )
    except RootFlaw as error:
        raise CannotRun(str(error)) from error
    yield from _write(root, options.file, options.sign, before)


def sign(desk: Desk) -> Iterator[str]:
    """One more signature."""
    root = _root_in(read_signed(desk.options.file), desk.options.file)
    envelope = sign_file(desk.options.file, desk.options.sign)
    yield from _said(envelope, root, _before(desk))


def show(desk: Desk) -> tuple[list[str], bool]:
    """What it says, and whether signatures lack."""
    envelope = read_signed(desk.options.file)
    root = _root_in(envelope, desk.options.file)
    before = _before(desk)
    return list(_said(envelope, root, before)), any(lacking(envelope, root, before))


def publish(desk: Desk) -> Iterator[str]:
    """Into the history; then every root after the first to all gateways that are known."""
    envelope = read_signed(desk.options.file)
    root = _root_in(envelope, desk.options.file)
    _check_follows(desk, envelope, root)
    said = (desk.clock.now(), desk.by, desk.reason)
    desk.history.keep(record_of("root", root.version, envelope, said))
    chain = [desk.history.read("root", one) for one in desk.history.versions("root") if one > 1]
    if not chain:
        yield "root 1 is in the history: it goes to gateways with `manage.root`"
        return
    content = write_roots(chain[0].version, [one.envelope.encode() for one in chain])
    with desk.fleet() as fleet:
        to = named_gateways(desk.options.gateway) or sorted(fleet.gateways())
        fleet.retain((Topics(gateway=one, root=fleet.root).of_trust(), content) for one in to)
    yield from (f"{one}: root {chain[-1].version}" for one in to)


def _write(root: Root, file: Path, keys: Sequence[Path], before: Root | None) -> Iterator[str]:
    envelope = seal(ROOT_TYPE, root.model_dump_json().encode(), signers(keys))
    write_signed(file, envelope)
    yield from _said(envelope, root, before)


def _said(envelope: Envelope, root: Root, before: Root | None) -> Iterator[str]:
    yield from sheet(root)
    yield f"signed by {', '.join(one.key_id for one in envelope.signatures) or 'nobody'}"
    missing = list(lacking(envelope, root, before))
    yield from missing or ["gateways accept it"]


def _check_follows(desk: Desk, envelope: Envelope, root: Root) -> None:
    """A root that gateways would refuse is not published."""
    if root.version == 1:
        flaws = list(lacking(envelope, root, None))
        if flaws:
            raise CannotRun(flaws[0])
        return
    before = _root_in(desk.history.read("root", root.version - 1).signed(), "the history")
    found = next_root(envelope, before)
    if isinstance(found, Refusal):
        raise CannotRun(f"every gateway would refuse it: {found.reason}: {found.detail}")


def _before(desk: Desk) -> Root | None:
    named: Path | None = desk.options.before
    return None if named is None else open_root(named)


def _root_in(envelope: Envelope, where: object) -> Root:
    found = root_in(envelope)
    if isinstance(found, Refusal):
        raise CannotRun(f"{where}: {found.detail}")
    return found


def _keys(given: Sequence[str]) -> Iterator[KeyOfRole]:
    for role, value in _pairs(given):
        key = public_key(Path(value))
        yield from ((one, key) for one in _roles(role))


def _removals(given: Sequence[str], before: Root) -> Iterator[tuple[TrustRole, str]]:
    for role, value in _pairs(given):
        key_id = value if value in before.keys else key_id_of(public_key(Path(value)))
        chosen = _roles(role)
        if role == "all":
            chosen = [one for one in chosen if key_id in before.roles.of(one).key_ids]
        yield from ((one, str(key_id)) for one in chosen)


def _thresholds(given: Sequence[str]) -> dict[TrustRole, int]:
    found: dict[TrustRole, int] = {}
    for role, value in _pairs(given):
        if not (value.isascii() and value.isdecimal()):
            raise CannotRun(f"--threshold {role}={value}: a whole number is needed")
        found |= dict.fromkeys(_roles(role), int(value))
    return found


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for one in given:
        role, equals, value = one.partition("=")
        if not equals or not value:
            raise CannotRun(f"{one!r} is not ROLE=VALUE")
        yield role, value


def _roles(word: str) -> list[TrustRole]:
    known: tuple[TrustRole, ...] = get_args(TrustRole)
    found = [one for one in known if word in (one, "all")]
    if not found:
        raise CannotRun(f"{word!r} is no role: {', '.join(known)} or all")
    return found
