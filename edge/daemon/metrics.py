"""What of a gateway Prometheus can read.

SHELL, though it only collects. Called by `daemon`, which serves it.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from edge.daemon.gateway import Gateway
from edge.deliver.delivery_metrics import DeliveryCollector
from edge.health.camera_conditions import ConditionCollector
from edge.health.gateway_health import HealthCollector
from edge.metrics.counters import FunnelCollector
from edge.metrics.refusals import RefusalCollector
from edge.self_test.record import SelfTestCollector
from edge.update.metrics import UpdateCollector
from service.library_lines import CAUGHT
from service.metrics import LinkCollector


def registry_of(gateway: Gateway) -> CollectorRegistry:
    """Each part's figures, read when somebody asks."""
    registry = CollectorRegistry()
    registry.register(FunnelCollector(gateway.counters.snapshot))
    registry.register(ConditionCollector(gateway.camera_watch.conditions))
    registry.register(LinkCollector(gateway.links))
    registry.register(HealthCollector(gateway.health.condition))
    registry.register(DeliveryCollector(gateway.outbox, gateway.delivery.verdicts.lag))
    registry.register(RefusalCollector(gateway.counters.refusals.snapshot))
    registry.register(SelfTestCollector(gateway.self_tests.record))
    registry.register(UpdateCollector(*gateway.updates.updaters))
    gateway.timings.register(registry)
    registry.register(CAUGHT)
    return registry
