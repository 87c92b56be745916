"""A notice as a CloudEvent, and the signature of an HTTP message.

PURE. The signature is an HMAC-SHA256 over id, time and body with the headers of the Standard
Webhooks specification 1.0 (standardwebhooks.com), for which verifiers exist in most languages: a
receiver refuses what is older than a few minutes, so nothing can be replayed later, and passes over
an id that it has seen. The event is CloudEvents 1.0 in structured JSON. Called by `webhook`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

from cloud.notify.notice import Notice
from cloud.notify.texts import text, title
from contract.report import utc_text

NOTICE_TYPE = "io.stillwatch.notice.v1"
_PREFIX = "whsec_"
MIN_SECRET_BYTES = 24


def event_body(notice: Notice, picture: bytes | None = None) -> bytes:
    """The event; the same for the same notice and picture."""
    camera = f"/cameras/{notice.camera}" if notice.camera else ""
    facts: dict[str, object] = notice.model_dump(mode="json")
    facts |= {"title": title(notice), "text": text(notice)}
    if picture is not None:
        facts["picture"] = {
            "content_type": "image/jpeg",
            "base64": base64.b64encode(picture).decode(),
        }
    event = {
        "specversion": "1.0",
        "id": notice.key,
        "source": f"/gateways/{notice.gateway}{camera}",
        "type": NOTICE_TYPE,
        "subject": notice.stage,
        "time": utc_text(notice.at),
        "datacontenttype": "application/json",
        "data": facts,
    }
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode()


def signing_key(secret: bytes) -> bytes:
    """The key in a secret as an operator keeps it; raises `ValueError` for one that is too weak."""
    text_ = secret.decode("utf-8", "replace").strip()
    if text_.startswith(_PREFIX):
        try:
            key = base64.b64decode(text_.removeprefix(_PREFIX), validate=True)
        except binascii.Error as error:
            raise ValueError(f"after {_PREFIX} comes base64: {error}") from error
    else:
        key = text_.encode()
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"{len(key)} bytes, of which a key needs {MIN_SECRET_BYTES}")
    return key


def signed_headers(key: bytes, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Headers that let a receiver know who sent it, when, and whether it came before."""
    said = b"%s.%d.%s" % (message_id.encode(), at_s, body)
    signature = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{signature}",
        "Idempotency-Key": message_id,
    }
