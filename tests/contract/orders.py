"""Keys, roots of trust and orders of the tests of what is ordered from afar."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.envelope import seal, write_envelope
from contract.ids import GatewayId
from contract.signature import Signer, public_text
from contract.trust import ROOT_TYPE, RoleKeys, Roles, Root, TrustedState
from contract.update import ORDER_TYPES, ConfigOrder, ModelFile, ModelOrder, Targets, UpdateOrder

NORTH = GatewayId("north")
AT = datetime(2026, 3, 29, 1, 59, 59, 250000, tzinfo=UTC)
LATER = AT + timedelta(days=365)


def signer(name: str) -> Signer:
    """The same key for the same name, each time."""
    return Signer(Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b".")))


ALICE, BOB, CAROL, MALLORY = (signer(name) for name in ("alice", "bob", "carol", "mallory"))


def role(signers: Sequence[Signer], threshold: int = 1) -> RoleKeys:
    return RoleKeys(key_ids=tuple(one.key_id for one in signers), threshold=threshold)


def root_of(
    version: int = 1,
    *,
    root: Sequence[Signer] = (ALICE, BOB),
    config: Sequence[Signer] = (ALICE, CAROL),
    model: Sequence[Signer] = (CAROL,),
    thresholds: tuple[int, int, int] = (1, 1, 1),
    expires_at: datetime = LATER,
) -> Root:
    everybody = {*root, *config, *model}
    return Root(
        version=version,
        expires_at=expires_at,
        keys={one.key_id: public_text(one.public) for one in everybody},
        roles=Roles(
            root=role(root, thresholds[0]),
            config=role(config, thresholds[1]),
            model=role(model, thresholds[2]),
        ),
    )


def sign_root(root: Root, *signers: Signer) -> bytes:
    return write_envelope(seal(ROOT_TYPE, root.model_dump_json().encode(), signers))


def state_of(root: Root | None = None) -> TrustedState:
    return TrustedState(root=root or root_of())


CONFIG_ORDER = ConfigOrder(
    version=7,
    issued_at=AT,
    expires_at=AT + timedelta(days=30),
    issued_by="alice@example.com",
    reason="fewer alarms at night",
    targets=Targets(gateways=(NORTH,), groups=("car-parks",), percent=25, salt="spring"),
    patch="detect: {score: 0.5}\n",
)
MODEL_ORDER = ModelOrder(
    version=3,
    issued_at=AT,
    expires_at=AT + timedelta(days=30),
    issued_by="carol",
    reason="finds bicycles",
    targets=Targets(percent=100),
    name="nanodet-plus",
    manifest='{"version": 1}',
    files=(ModelFile(name="model.tflite", sha256="a" * 64, bytes=1234567),),
)


def sign_order(order: UpdateOrder, *signers: Signer) -> bytes:
    """As the operator's command writes it: what is not said is left away."""
    payload = order.model_dump_json(exclude_none=True).encode()
    return write_envelope(seal(ORDER_TYPES[order.kind], payload, signers))
