"""What answers WS-Discovery's probes (2005/04), on the loopback interface alone."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.processes import HOST

DISCOVERY_GROUP, DISCOVERY_PORT = "239.255.255.250", 3702

MATCH = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>'
    "<w:RelatesTo>{asked}</w:RelatesTo></e:Header><e:Body><d:ProbeMatches><d:ProbeMatch>"
    "<w:EndpointReference><w:Address>urn:uuid:{name}</w:Address></w:EndpointReference>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>{scopes}</d:Scopes>"
    "<d:XAddrs>{address}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
    "</d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
)


@contextmanager
def discoverable(*cameras: tuple[str, str, str], strange: Sequence[bytes] = ()) -> Iterator[None]:
    """Answers probes on the loopback interface; each camera is its name, scopes and addresses.
    `strange` are answers as they are, of whoever hears a probe."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((DISCOVERY_GROUP, DISCOVERY_PORT))
    member = struct.pack("4s4s", socket.inet_aton(DISCOVERY_GROUP), socket.inet_aton(HOST))
    listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def answer(probe: bytes, sender: tuple[str, int]) -> None:
        asked = re.search(rb"MessageID>([^<]*)<", probe)
        if sender[0] != HOST or asked is None:
            return
        for name, scopes, address in cameras:
            said = MATCH.format(asked=asked[1].decode(), name=name, scopes=scopes, address=address)
            listening.sendto(said.encode(), sender)
        for words in strange:
            listening.sendto(words, sender)

    def serve() -> None:
        with suppress(OSError):  # closed at the end
            while True:
                answer(*listening.recvfrom(65_535))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listening.close()
