"""What a configuration that is refused as a whole still says of this gateway and its brokers.

So that the reason can be told where somebody reads it. A section counts if it is valid by
itself; without a valid id nothing is said, since it might be in another gateway's name. Called by
`refused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contract.ids import GatewayId
from contract.topics import Topics
from edge.config.load import combined
from edge.config.schema import BrokerConfig, DeliverConfig, GatewayConfig

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """Under which topics to speak, and by link name the brokers to speak to."""

    topics: Topics
    brokers: Mapping[str, BrokerConfig]


def remains(document: bytes, environ: Mapping[str, str]) -> Remains | None:
    """None if the gateway's own id is not known for sure."""
    data = combined(document, environ)
    gateway = _valid(GatewayConfig, data.get("gateway"))
    if gateway is None or not _section(data.get("gateway")).get("id"):
        return None
    deliver, intake = _section(data.get("deliver")), _section(data.get("intake"))
    root = _valid(DeliverConfig, {"root": deliver["root"]} if "root" in deliver else {})
    if root is None:
        return None
    said = {"site": intake.get("broker", {}), "uplink": deliver.get("uplink")}
    brokers = {
        name: broker
        for name, section in said.items()
        if section is not None and (broker := _valid(BrokerConfig, section)) is not None
    }
    return Remains(topics=Topics(gateway=GatewayId(gateway.id), root=root.root), brokers=brokers)


def _section(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _valid(kind: type[Model], value: object) -> Model | None:
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None
