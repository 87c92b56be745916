"""A store with a chain of entries, and what `fleet proof` says of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.__main__ import main
from cloud.serve.watch_keeper import WatchKeeper
from contract.ids import GatewayId
from contract.signature import Signer, key_id_of
from contract.watch import SealedEntry, key_text
from contract.watch_binding import vouch
from objectstore.store_dir import DirectoryStore
from tests.contract.watches import (
    BEGIN,
    HOUR,
    NORTH,
    OURS,
    FleetAuthority,
    chain_of,
)

CHAIN = chain_of(30)
END = (BEGIN + 30 * HOUR).isoformat()


def keep(folder: Path, chain: list[SealedEntry], gateway: GatewayId = NORTH) -> Path:
    """As workers keep them; the folder of the entries."""
    keeper = WatchKeeper(
        "stillwatch", DirectoryStore(folder), lambda *_: None, None, threading.Event()
    )
    for one in chain:
        assert keeper.keep(gateway, one.content) is None
    return folder / "watch" / gateway / key_id_of(OURS.public)


def run(
    capsys: pytest.CaptureFixture[str], store: Path, *more: str, gateway: str = "north"
) -> tuple[int, str]:
    status = main(["fleet", "proof", gateway, "--store", f"dir:{store}", "--until", END, *more])
    return status, capsys.readouterr().out


def faults(capsys: pytest.CaptureFixture[str], store: Path, *more: str) -> list[str]:
    status, out = run(capsys, store, "--json", *more)
    said = json.loads(out)
    assert (status == 0) is said["holds"] is (not said["findings"])
    return [one["fault"] for one in said["findings"]]


def vouched(authority: FleetAuthority, name: str, signer: Signer = OURS) -> list[SealedEntry]:
    key = ec.generate_private_key(ec.SECP256R1())
    of_all: dict[str, object] = {
        "certificate": authority.certify(name, key).decode(),
        "certificate_proof": vouch(key, NORTH, key_text(signer)),
    }
    return chain_of(2, signer, {1: of_all, 2: of_all})
