"""Orders for the gateways of these tests, which are called `gw`, and their root of trust."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from contract.ids import GatewayId
from contract.shadow import ReplayLimits
from contract.signature import Signer
from contract.update import Targets
from tests.contract.orders import ALICE, CONFIG_ORDER, LATER, root_of, sign_order

GATEWAY = GatewayId("gw")


def write_root(folder: Path) -> Path:
    """The file that `manage.root` names; ALICE or CAROL may order a configuration."""
    file = folder / "root.json"
    file.write_text(root_of().model_dump_json())
    return file


def order(
    version: int,
    patch: str,
    *,
    gateway: GatewayId = GATEWAY,
    expires_at: datetime = LATER,
    signers: Sequence[Signer] = (ALICE,),
    replay: ReplayLimits | None = None,
) -> bytes:
    """A signed envelope that changes the configuration."""
    ordered = CONFIG_ORDER.model_copy(
        update={
            "version": version,
            "patch": patch,
            "targets": Targets(gateways=(gateway,)),
            "expires_at": expires_at,
            "replay": replay,
        }
    )
    return sign_order(ordered, *signers)
