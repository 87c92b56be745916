"""Which cameras answer on the network: `stillwatch-bridge discover`.

SHELL. WS-Discovery by onveef: a multicast probe on each network, answers for some seconds. What
answers is nobody that is known: its words are made fit for a terminal and bounded in number,
nothing is fetched from it, and an address that is not of a private network is called so: a stranger
may want the password that `probe` sends there. Called by `__main__`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import unquote

from onveef.wsdiscovery import discover

from bridge.address import Scheme, Url, parse_address
from bridge.fault import printable
from bridge.onvif import SERVICE

MAX_CAMERAS = 256
STRANGE = "(not on a private network: is it yours?)"
NOBODY = (
    "no camera answered. Is ONVIF switched on in it? Multicast does not cross routers or a "
    "container's own network: run this on the cameras' network, or name our address there by "
    "--interface"
)


def camera_lines(seconds: float, interfaces: Sequence[str]) -> Iterator[str]:
    """A line for each camera, then what to do next; `interfaces` are addresses of ours, none: all.

    Takes `seconds` for each network.
    """
    found = discover(timeout_s=seconds, interface_ip=list(interfaces) or None)
    known = {url.text(): (url, one) for one in found if (url := _source(one.xaddrs)) is not None}
    if not known:
        yield NOBODY
        return
    cameras = sorted(known.values(), key=lambda pair: (not _is_private(pair[0]), pair[0].text()))
    for url, one in cameras[:MAX_CAMERAS]:
        said = (printable(unquote(word)) for word in (one.name, one.hardware, one.location))
        words = [] if _is_private(url) else [STRANGE]
        words += dict.fromkeys(word for word in said if word)
        yield f"{url.text():32} {', '.join(words)}".rstrip()
    if len(cameras) > MAX_CAMERAS:
        left = len(cameras) - MAX_CAMERAS
        yield f"and {left} more, left out: so many answers come from a stranger"
    yield ""
    yield f"what one offers: stillwatch-bridge probe {cameras[0][0].text()} --username NAME ..."


def _is_private(url: Url) -> bool:
    """Whether it is an address that only its own network has; a name may be anybody's."""
    try:
        return ip_address(url.host).is_private
    except ValueError:
        return False


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
