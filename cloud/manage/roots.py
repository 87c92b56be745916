"""Roots of trust as an operator makes them: the first one, the next one, and who must still sign.

PURE. Whatever could lock everybody out is refused here, before anybody signs: a threshold that
nobody can meet, a role without a key. Called by `root_command`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from contract.envelope import Envelope
from contract.signature import key_id_of, public_text
from contract.trust import RoleKeys, Roles, Root, TrustRole, verify
from contract.validation_errors import first_error

KeyOfRole = tuple[TrustRole, Ed25519PublicKey]


class RootFlaw(ValueError):
    """There can be no such root; the text says why."""


def first_root(
    keys: Iterable[KeyOfRole], thresholds: Mapping[TrustRole, int], expires_at: datetime
) -> Root:
    """Root 1; raises `RootFlaw`."""
    return _root(1, {}, {}, keys, thresholds, expires_at)


def successor(
    root: Root,
    add: Iterable[KeyOfRole],
    remove: Iterable[tuple[TrustRole, str]],
    thresholds: Mapping[TrustRole, int],
    expires_at: datetime,
) -> Root:
    """The next root: with keys added and taken (by their id), else like `root`."""
    ids = {role: list(root.roles.of(role).key_ids) for role in get_args(TrustRole)}
    for role, key_id in remove:
        if key_id not in ids[role]:
            raise RootFlaw(f"{key_id} is no key of role {role}: {', '.join(ids[role])}")
        ids[role].remove(key_id)
    kept = {role: root.roles.of(role).threshold for role in get_args(TrustRole)} | dict(thresholds)
    return _root(root.version + 1, ids, root.keys, add, kept, expires_at)


def lacking(envelope: Envelope, root: Root, before: Root | None) -> Iterator[str]:
    """What is still wrong with the signatures, in words; nothing if gateways accept it."""
    for trusted in [one for one in (before, root) if one is not None]:
        flaw = verify(envelope, trusted, "root")
        if flaw is not None:
            may = ", ".join(trusted.roles.root.key_ids)
            yield f"by root {trusted.version}: {flaw.reason}: {flaw.detail} (keys: {may})"


def sheet(root: Root) -> Iterator[str]:
    """The root in lines for a person."""
    yield f"root {root.version}, expires {root.expires_at.isoformat(timespec='minutes')}"
    for role in get_args(TrustRole):
        known = root.roles.of(role)
        yield f"{role}: {known.threshold} of {len(known.key_ids)}"
        yield from (f"  {key_id} {root.keys[key_id]}" for key_id in known.key_ids)


def _root(
    version: int,
    ids: Mapping[TrustRole, Iterable[str]],
    texts: Mapping[str, str],
    add: Iterable[KeyOfRole],
    thresholds: Mapping[TrustRole, int],
    expires_at: datetime,
) -> Root:
    members = {role: list(ids.get(role, ())) for role in get_args(TrustRole)}
    known = dict(texts)
    for role, key in add:
        key_id = key_id_of(key)
        known[key_id] = public_text(key)
        if key_id not in members[role]:
            members[role].append(key_id)
    empty = [role for role, found in members.items() if not found]
    if empty:
        raise RootFlaw(f"role {empty[0]} has no key: give it one with {empty[0]}=FILE.pub")
    used = {one for found in members.values() for one in found}
    try:
        roles = {
            role: RoleKeys(key_ids=tuple(found), threshold=thresholds.get(role, 1))
            for role, found in members.items()
        }
        return Root(
            version=version,
            expires_at=expires_at,
            keys={key_id: text for key_id, text in known.items() if key_id in used},
            roles=Roles(root=roles["root"], config=roles["config"], model=roles["model"]),
        )
    except ValidationError as error:
        raise RootFlaw(first_error(error)) from error
