"""Which cameras answer on the network: `stillwatch-bridge discover`.

SHELL. WS-Discovery by onveef: a multicast probe on each network, answers for some seconds. What
answers is nobody that is known: its words are made fit for a terminal, and nothing is fetched from
it. Called by `__main__`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from onveef.wsdiscovery import discover

from bridge.address import Scheme, Url, parse_address
from bridge.onvif import SERVICE, printable

NOBODY = (
    "no camera answered. Is ONVIF switched on in it? Multicast does not cross routers or a "
    "container's own network: run this on the cameras' network, or name our address there by "
    "--interface"
)


def camera_lines(seconds: float, interfaces: Sequence[str]) -> Iterator[str]:
    """A line for each camera, then what to do next; `interfaces` are addresses of ours, none: all.

    Takes `seconds` for each network.
    """
    known = [
        (url, one)
        for one in discover(timeout_s=seconds, interface_ip=list(interfaces) or None)
        if (url := _source(one.xaddrs)) is not None
    ]
    if not known:
        yield NOBODY
        return
    for url, one in sorted(known, key=lambda pair: pair[0].text()):
        words = (printable(unquote(said)) for said in (one.name, one.hardware, one.location))
        yield f"{url.text():32} {', '.join(dict.fromkeys(word for word in words if word))}".rstrip()
    yield ""
    yield f"what one offers: stillwatch-bridge probe {known[0][0].text()} --username NAME ..."


def _source(addresses: Sequence[str]) -> Url | None:
    """Of a camera's addresses the first that is one, as a source; IPv4 and names before IPv6."""
    urls = [url for url in map(_as_onvif, addresses[:8]) if url is not None]
    return min(urls, key=lambda url: ":" in url.host, default=None)


def _as_onvif(address: str) -> Url | None:
    try:
        said = parse_address(address)
    except ValueError:
        return None
    if not isinstance(said, Url) or said.scheme not in ("http", "https"):
        return None
    path = "/" if said.path == SERVICE else said.path
    scheme: Scheme = "onvifs" if said.scheme == "https" else "onvif"
    port = None if said.port == (443 if scheme == "onvifs" else 80) else said.port
    return Url(scheme=scheme, host=said.host, port=port, path=path)
