"""What of a connection others on the way could read, or speak in its name.

Opens nothing and looks no name up: addresses are taken as they are configured. Called when a
process that connects starts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from service.link_settings import LinkSettings


def of_link(settings: LinkSettings) -> Iterator[str]:
    """In words, what is open about a broker that is not on this machine; nothing if all is well."""
    if is_here(settings.host):
        return
    if settings.tls is None:
        yield (
            f"{settings.name}: reports, verdicts and any password cross the network to "
            f"{settings.host} in the clear, and can be changed there: use TLS"
        )
    if settings.username is None and (settings.tls is None or settings.tls.cert_file is None):
        yield (
            f"{settings.name}: {settings.host} cannot tell us from anybody else: "
            "use a certificate, or a user and password"
        )


def of_store(endpoint_url: str | None) -> Iterator[str]:
    """The same of an object store; absent means AWS, over TLS."""
    host = urlsplit(endpoint_url or "").hostname
    if (endpoint_url or "").startswith("http:") and host is not None and not is_here(host):
        yield f"store: pictures cross the network to {host} in the clear: use https"


def is_here(host: str) -> bool:
    """Whether the address is this machine's own."""
    if host.lower().rstrip(".") in ("localhost", "localhost.localdomain"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
