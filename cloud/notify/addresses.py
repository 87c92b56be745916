"""Which addresses a message may be sent to: public ones, and networks that an operator named.

PURE. What a name resolves to is held against this before a connection is made to that very
address, so neither a name that points inside, nor one whose answer changes between look and
connection, gets a message to a neighbour of ours. Called by `http_client`.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last four bytes, whichever that is."""

_INWARDS = (IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
"""Translated as a site's own network pleases (RFC 8215), and IPv4 addresses of old (RFC 4291):
either may lead to a neighbour, though they count as public."""


def refusal(address: str, allowed: Sequence[str]) -> str | None:
    """Why nothing is sent there; None if it may."""
    try:
        found = _unwrapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return f"{address!r} is no address"
    if any(found in ip_network(one) for one in allowed):
        return None
    inwards = isinstance(found, IPv6Address) and any(found in one for one in _INWARDS)
    if found.is_global and not found.is_multicast and not inwards:
        return None
    return f"{address} is private or special: name its network in `allow_networks` if it is yours"


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address within an IPv6 one, where the way leads there."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
