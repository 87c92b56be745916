"""What lies between the daemon and its servers: a proxy before each, and a tap on both brokers.

Counting on the wire holds also where a broker is killed and no ear could have heard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.faults.layout import Layout, Told, s3_store
from tests.faults.proxy import Proxy, proxy
from tests.faults.wire import Wire
from tests.processes import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """The daemon's ways to its three servers, and what was said on two of them."""

    site: Proxy
    cloud: Proxy
    store: Proxy
    site_wire: Wire
    cloud_wire: Wire

    def config(self, layout: Layout, **deliver: object) -> dict[str, Any]:
        """The layout's configuration, by these roads."""
        url = f"http://{self.store.host}:{self.store.port}"
        store = s3_store(layout.store.now, url)
        config = layout.config(**{"store": store} | deliver)
        config["intake"]["broker"] |= {"host": self.site.host, "port": self.site.port}
        config["deliver"]["uplink"] |= {"host": self.cloud.host, "port": self.cloud.port}
        return config

    def decided(self) -> set[str]:
        """The reports of which the site's broker has taken a decision of the cloud."""
        return {id_ for id_, decision in self.site_wire.verdicts() if decision != "unconfirmed"}

    def again(self) -> dict[str, Counter[Told]]:
        """What a destination had acknowledged and was told again, by destination."""
        found = {"site": self.site_wire.again(), "cloud": self.cloud_wire.again()}
        return {name: counts for name, counts in found.items() if counts}


@contextmanager
def roads(layout: Layout, host: str = HOST) -> Iterator[Roads]:
    """Proxies that listen on `host` until the end of the block."""
    site, cloud, store = layout.site.now, layout.cloud.now, layout.store.now
    heard, sent = Wire(), Wire()
    with (
        proxy((site.host, site.port), host=host, tap=heard) as to_site,
        proxy((cloud.host, cloud.port), host=host, tap=sent) as to_cloud,
        proxy((HOST, store.ports[-1]), host=host) as to_store,
    ):
        yield Roads(site=to_site, cloud=to_cloud, store=to_store, site_wire=heard, cloud_wire=sent)
