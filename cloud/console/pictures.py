"""Stored pictures, by signed links.

SHELL (object store). The bytes are shown as what they are named after: a JPEG or PNG, never as
something that a browser would run. Called by `app`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import Response

from cloud.console.guard import SIGNED_LINK, guarded
from cloud.console.parts import ClockPart, LinksPart, StorePart
from objectstore.store import NotFound, StoreError, TooLarge

MAX_BYTES = 16_000_000
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
_LATEST_S = 4_102_444_800
_HEADERS = {
    "Cache-Control": "private, max-age=300, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


router = APIRouter(tags=["pictures"])


@guarded(router.get, "/picture/{until_s}/{signed}/{key:path}", SIGNED_LINK)
def picture(
    until_s: Annotated[int, Path(ge=0, le=_LATEST_S)],
    signed: Annotated[str, Path(max_length=64)],
    key: Annotated[str, Path(max_length=512)],
    links: LinksPart,
    store: StorePart,
    clock: ClockPart,
) -> Response:
    """The picture, while the link is good."""
    if not links.is_good(key, until_s, signed, clock.now()):
        raise HTTPException(403, "this link is over, or was never good: load the page again")
    try:
        body = store.get(key, MAX_BYTES)
    except (NotFound, TooLarge) as error:
        raise HTTPException(404, "the picture is not in the store any more") from error
    except StoreError as error:
        raise HTTPException(503, "the store does not answer: try again") from error
    kind = next((kind for magic, kind in _KINDS if body.startswith(magic)), None)
    if kind is None:
        raise HTTPException(404, "what lies there is no picture")
    return Response(body, media_type=kind, headers=_HEADERS)
