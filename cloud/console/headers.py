"""What every answer says to browsers, and what no request may be.

SHELL (ASGI). Pages take script, style and pictures from the console alone, nothing inline; nobody
may frame them; what is not a picture link is kept by no cache. Called by `app`.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_A_YEAR_S = 31_536_000


class SecurityHeaders:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app, self._secure = app, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if self._secure:
                    headers["Strict-Transport-Security"] = f"max-age={_A_YEAR_S}"
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, send_with)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    """A body says how long it is, and is not long: none is read before that is known."""
    if scope["method"] not in _CHANGES:
        return None
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return PlainTextResponse("say Content-Length", 411)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY_BYTES:
        return PlainTextResponse(f"at most {MAX_BODY_BYTES} bytes", 413)
    return None
