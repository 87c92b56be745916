"""Who this machine is at its brokers: a part of the client ids that no other machine has.

SHELL. Two clients with one id end each other's connections for ever, and ids that follow from the
gateway's name can be guessed, so the first start makes one by chance and keeps it beside the
outbox. A card that is cloned after that carries the file along, so facts of the machine are kept
with it (as hashes): where they are others, a new id is made. Without a file that can be kept the
id is of this run only. Made by `gateway`.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.events import Event, log

FILE = StateFile.CLIENT_ID
_ID_BYTES = 6
_HASH_CHARS = 16

_FACTS = {
    "board": ("proc/device-tree/serial-number", "sys/firmware/devicetree/base/serial-number"),
    "product": ("sys/class/dmi/id/product_uuid",),
    "machine": ("etc/machine-id",),
}
_DEVICE = "BALENA_DEVICE_UUID"


@dataclass(frozen=True, slots=True)
class Identity:
    """`kept`: the next start will have the same `id`."""

    id: str
    kept: bool


def open_identity(
    folder: Path, root: Path = Path("/"), environ: Mapping[str, str] = os.environ
) -> Identity:
    """The identity kept in `folder`, or a new one; never raises.

    `root` and `environ` are where the facts of the machine are read.
    """
    file, facts = folder / FILE, _facts(root, environ)
    found = _read(file)
    if isinstance(found, _KeptIdentity) and found.fits(facts):
        return Identity(found.id, kept=True)
    reason = (
        "made on another machine: the card was cloned"
        if isinstance(found, _KeptIdentity)
        else found
    )
    identity = secrets.token_hex(_ID_BYTES)
    hashed = {name: [_hash(identity, one) for one in values] for name, values in facts.items()}
    try:
        write_whole(file, json.dumps({"version": 1, "id": identity, "machine": hashed}))
        file.chmod(0o600)
    except OSError as error:
        log(Event.CLIENT_ID_NOT_KEPT, reason=str(error))
        return Identity(identity, kept=False)
    log(Event.CLIENT_ID_MADE, id=identity, reason=reason)
    return Identity(identity, kept=True)


@dataclass(frozen=True, slots=True)
class _KeptIdentity:
    id: str
    machine: Mapping[str, list[str]]

    def fits(self, facts: Mapping[str, list[str]]) -> bool:
        """Whether it was made here: no fact known both times differs, and the network cards, which
        may be exchanged, only decide where nothing else is known."""
        common = [name for name in facts if name in self.machine]
        decisive = [name for name in common if name != "cards"] or common
        return all(
            {_hash(self.id, one) for one in facts[name]} & set(self.machine[name])
            for name in decisive
        )


def _read(file: Path) -> _KeptIdentity | str:
    """What was kept, or in words why there is nothing to go by."""
    try:
        document: object = json.loads(file.read_bytes())
    except FileNotFoundError:
        return "the first start here"
    except (OSError, ValueError, RecursionError) as error:
        return f"{file.name} is unreadable: {error}"
    if not isinstance(document, dict):
        return f"{file.name} holds no identity"
    identity, machine = document.get("id"), document.get("machine")
    if not (isinstance(identity, str) and _is_id(identity) and isinstance(machine, dict)):
        return f"{file.name} holds no identity"
    return _KeptIdentity(
        identity,
        {
            name: [one for one in values if isinstance(one, str)]
            for name, values in machine.items()
            if isinstance(values, list)
        },
    )


def _is_id(text: str) -> bool:
    return len(text) == 2 * _ID_BYTES and all(char in "0123456789abcdef" for char in text)


def _facts(root: Path, environ: Mapping[str, str]) -> dict[str, list[str]]:
    """What tells this machine from others, as far as we may know it; no empty values."""
    facts = {name: [_text(root, paths)] for name, paths in _FACTS.items()}
    facts["device"] = [environ.get(_DEVICE, "")]
    facts["cards"] = _cards(root / "sys/class/net")
    known = {name: [one for one in values if one] for name, values in facts.items()}
    return {name: values for name, values in known.items() if values}


def _text(root: Path, paths: tuple[str, ...]) -> str:
    for path in paths:
        try:
            text = (root / path).read_text(errors="replace").strip("\0 \n")
        except OSError:
            continue
        if text:
            return text
    return ""


def _cards(folder: Path) -> list[str]:
    """Addresses of real network cards; containers and bridges have others at every start."""
    try:
        cards = sorted(card for card in folder.iterdir() if (card / "device").exists())
    except OSError:
        return []
    return [_text(card, ("address",)) for card in cards]


def _hash(identity: str, fact: str) -> str:
    return hashlib.sha256(f"{identity} {fact}".encode()).hexdigest()[:_HASH_CHARS]
