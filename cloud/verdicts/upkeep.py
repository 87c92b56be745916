"""The subcommands for a whole store: `verify-evidence` and `retain`.

SHELL. Prints a line for each finding or removal and a summary, for people or as JSON lines. Called
by `__main__`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from cloud.verdicts.retain import due, remove
from cloud.verdicts.stock import gateways_in, read_stock
from cloud.verdicts.verify import FindingKind, Heads, IntegrityCheck, findings, heads_of
from contract.ids import GatewayId
from objectstore.inventory import Inventory, open_inventory
from objectstore.store import ObjectStore
from service.clock import Clock

EXIT_FOUND = 1


def verify(
    options: argparse.Namespace, settings: Settings, spec: str, store: ObjectStore, clock: Clock
) -> int:
    """0 if everything is as it was, 1 if anything was found."""
    keyring = open_keys(settings).keyring
    inventory = open_inventory(spec)
    heads = {} if options.heads is None else _read_heads(options.heads)
    check = IntegrityCheck(
        now=clock.now(), grace=timedelta(hours=options.grace_h), quick=options.quick
    )
    counts: Counter[str] = Counter()
    for gateway in sorted({*_chosen(options, inventory), *_known(options, heads)}):
        stock = read_stock(gateway, inventory, store, keyring)
        before = heads.get(gateway, {})
        for one in findings(stock, store, before, check):
            counts[one.kind.value] += 1
            word = "open" if one.kind is FindingKind.UNDECIDED else "found"
            _print(options, {word: one.kind.value, "what": one.what, "detail": one.detail})
        counts["verdicts"] += len(stock.verdicts)
        counts["pictures"] += len(stock.pictures)
        heads[gateway] = heads_of(stock, before)
    if options.heads is not None:
        _write_heads(options.heads, heads)
    found = sum(counts[kind.value] for kind in FindingKind if kind is not FindingKind.UNDECIDED)
    signed = "checked" if keyring is not None else "not checked: no --trusted-keys"
    _print(options, {"findings": found, **counts, "signatures": signed})
    return EXIT_FOUND if found else 0


def retain(
    options: argparse.Namespace, settings: Settings, spec: str, store: ObjectStore, clock: Clock
) -> int:
    """Removes what is over its age, or says what that would be."""
    keys = open_keys(settings)
    if options.delete and keys.signer is None and keys.keyring is not None:
        raise SettingsError("retention is signed where keys are trusted: add --signing-key")
    inventory = open_inventory(spec)
    counts: Counter[str] = Counter()
    for gateway in _chosen(options, inventory):
        what = due(
            read_stock(gateway, inventory, store, keys.keyring), settings.retention, clock.now()
        )
        counts["pictures"] += len(what.pictures)
        counts["picture_bytes"] += what.picture_bytes
        counts["verdicts"] += len(what.verdicts)
        counts["records"] += len(what.records)
        if options.delete:
            for key in remove(what, inventory, store, keys.signer):
                _print(options, {"removed": key})
        else:
            for key in (*what.pictures, *what.records, *what.verdicts):
                _print(options, {"due": key})
    _print(options, {"deleted" if options.delete else "would_delete": True, **counts})
    return 0


def _chosen(options: argparse.Namespace, inventory: Inventory) -> list[GatewayId]:
    return [GatewayId(options.gateway)] if options.gateway else gateways_in(inventory)


def _known(options: argparse.Namespace, heads: Mapping[str, Heads]) -> list[GatewayId]:
    """Of whom an earlier check saw something, even if nothing is left."""
    return [] if options.gateway else [GatewayId(name) for name in heads]


def _read_heads(file: Path) -> dict[str, Heads]:
    try:
        found = json.loads(file.read_text())
        return {
            gateway: {chain: (int(number), str(last)) for chain, (number, last) in of.items()}
            for gateway, of in found.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"--heads {file} cannot be used: {error}") from error


def _write_heads(file: Path, heads: Mapping[str, Heads]) -> None:
    partial = file.with_name(f".{file.name}.part")
    try:
        partial.write_text(json.dumps(heads, indent=1, sort_keys=True))
        partial.replace(file)
    except OSError as error:
        raise SettingsError(f"--heads {file} cannot be written: {error.strerror}") from error


def _print(options: argparse.Namespace, facts: Mapping[str, object]) -> None:
    text = (
        json.dumps(facts)
        if options.json
        else " ".join(f"{name}={value}" for name, value in facts.items())
    )
    print(text, flush=True)  # noqa: T201, it is what the subcommand is for
