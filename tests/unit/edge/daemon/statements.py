"""What a gateway with default settings says of itself."""

from __future__ import annotations

from contract.ids import GatewayId
from contract.topics import Topics
from edge.config.live import Live
from edge.config.load import read
from edge.daemon.status_messages import StatusMessages
from edge.metrics.counters import Counters
from tests.unit.edge.deliver.site import Site


def status_messages(site: Site) -> StatusMessages:
    """Of the gateway `gw`, with the outbox and the clock of `site`."""
    topics, live = Topics(gateway=GatewayId("gw")), Live(read(b"", {}))
    return StatusMessages(topics, live, lambda: "0" * 64, Counters(), site.open(), site.clock)
