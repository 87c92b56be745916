"""Forms that only our own pages can send, and the cookies behind them.

SHELL, though it keeps nothing. A form carries a signature over the browser's cookie: the session's,
or before a sign-in one by chance. Another site can make a browser send the cookie, but cannot read
it, so it cannot make the signature. Called by `guard`, `pages` and `sign_in`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi import Request
from fastapi.responses import Response

from cloud.console.tokens import is_signed, new_token, signature

FIELD = "form_token"
HEADER = "X-Form-Token"
_PURPOSE, _TRIP = "form", "trip"


class Forms:
    """`key` signs; `secure` says whether browsers come over TLS."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key, self._secure = key, secure
        prefix = "__Host-" if secure else ""
        self.session_cookie = f"{prefix}stillwatch_session"
        self._trip_cookie = f"{prefix}stillwatch_trip"
        self._visitor_cookie = f"{prefix}stillwatch_visitor"

    def session_of(self, request: Request) -> str | None:
        """The session's cookie, if the browser has one."""
        return request.cookies.get(self.session_cookie)

    def token_for(self, request: Request) -> str:
        """What a form of this page carries; a visitor's cookie is made if there is none yet."""
        return signature(self._key, _PURPOSE, self._bound_to(request))

    def is_ours(self, request: Request, given: str) -> bool:
        """Whether a form was sent by a page of ours in the same browser."""
        return is_signed(self._key, given, _PURPOSE, self._bound_to(request))

    def set_session(self, response: Response, token: str, lasts_s: int) -> None:
        """Signs the browser in."""
        self._set(response, self.session_cookie, token, lasts_s)

    def end_session(self, response: Response) -> None:
        """Signs it out."""
        response.delete_cookie(
            self.session_cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def set_trip(self, response: Response, kept: str, lasts_s: int) -> None:
        """What a browser takes along to an identity provider, signed."""
        coded = urlsafe_b64encode(kept.encode()).decode()
        value = f"{signature(self._key, _TRIP, coded)}.{coded}"
        self._set(response, self._trip_cookie, value, lasts_s)

    def trip_of(self, request: Request) -> str | None:
        """The same, if it is ours."""
        signed, _, coded = request.cookies.get(self._trip_cookie, "").partition(".")
        if not is_signed(self._key, signed, _TRIP, coded):
            return None
        return urlsafe_b64decode(coded).decode()

    def end_trip(self, response: Response) -> None:
        """It is good once."""
        response.delete_cookie(
            self._trip_cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def keep_visitor(self, request: Request, response: Response) -> None:
        """Sets the cookie that `token_for` made, if it did."""
        made = getattr(request.state, "visitor", None)
        if made is not None:
            self._set(response, self._visitor_cookie, made, None)

    def _bound_to(self, request: Request) -> str:
        known = self.session_of(request) or request.cookies.get(self._visitor_cookie)
        if known is not None:
            return known
        if getattr(request.state, "visitor", None) is None:
            request.state.visitor = new_token()
        visitor: str = request.state.visitor
        return visitor

    def _set(self, response: Response, name: str, value: str, lasts_s: int | None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=lasts_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
