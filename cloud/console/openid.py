"""People whom an identity provider vouches for: OpenID Connect, authorization code with PKCE.

SHELL (HTTP to the provider alone). Addresses and keys come from the provider's own document; keys
are asked for again when a token names one that is not known. What a token says counts only after
its signature, issuer, audience, times and nonce were checked. Called by `openid_routes`.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from cloud.console.accounts import name_objection
from cloud.console.roles import PersonRole
from cloud.console.settings import OidcSettings
from service.clock import Clock

with warnings.catch_warnings():
    # it would rather have the successor of httpx, which it understands all the same
    warnings.simplefilter("ignore")
    from authlib.integrations.httpx_client import OAuth2Client

PATIENCE_S = 10.0
AT_ONCE = 4
"""People at the provider's door: while it hangs, each holds one of the threads that serve pages."""
LEEWAY_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
"""Signatures that only the provider can make: none by a shared secret, and not `none`."""
_STRONGEST = (PersonRole.ADMIN, PersonRole.OPERATOR, PersonRole.INSTALLER, PersonRole.VIEWER)
_MOST_BYTES = 1_000_000


class ProviderAway(Exception):
    """The provider does not answer, or not as one; the text says what, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdTrip:
    """What must come back from a sign-in at the provider: kept in the browser, signed."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchedPerson:
    """Who somebody is, as the provider says."""

    subject: str
    name: str
    role: PersonRole
    sites: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotVouched:
    """Why somebody does not get in."""

    reason: str


class OpenIdProvider:
    """One provider. Safe to use from several threads."""

    def __init__(self, settings: OidcSettings, redirect_url: str, clock: Clock) -> None:
        self._settings, self._redirect_url, self._clock = settings, redirect_url, clock
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._document: Mapping[str, object] = {}
        self._keys: KeySet | None = None

    def begin(self, trip: OpenIdTrip) -> str:
        """The address at which somebody signs in. Raises `ProviderAway`."""
        with self._turn():
            address = self._address("authorization_endpoint")
        with self._client() as client:
            url, _ = client.create_authorization_url(
                address, state=trip.state, code_verifier=trip.verifier, nonce=trip.nonce
            )
        return str(url)

    def end(self, trip: OpenIdTrip, code: str) -> VouchedPerson | NotVouched:
        """Who came back with `code`. Raises `ProviderAway`."""
        try:
            with self._turn():
                claims = self._claims(self._id_token(trip, code), trip.nonce)
        except (AuthlibBaseError, JoseError, ValueError) as error:
            return NotVouched(f"the provider's word does not hold: {error}")
        return vouched(claims, self._settings)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(blocking=False):
            raise ProviderAway(f"{AT_ONCE} wait for it already")
        try:
            yield
        finally:
            self._turns.release()

    def _id_token(self, trip: OpenIdTrip, code: str) -> str:
        address = self._address("token_endpoint")
        try:
            with self._client() as client:
                answer = client.fetch_token(
                    address,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=trip.verifier,
                )
        except httpx.HTTPError as error:
            raise ProviderAway(f"{address}: {error}") from error
        token = answer.get("id_token") if isinstance(answer, dict) else None
        if not isinstance(token, str):
            raise ValueError("it gave no ID token")
        return token

    def _claims(self, token: str, nonce: str) -> Mapping[str, object]:
        try:
            decoded = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (
            InvalidKeyIdError
        ):  # it names a key that is not known: the provider may have a new one
            decoded = jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": str(self._found()["issuer"])},
            "aud": {"essential": True, "value": self._settings.client_id},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {"nonce": nonce, "client_id": self._settings.client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_S)
        return dict(claims)

    def _client(self) -> OAuth2Client:
        try:
            secret = self._settings.client_secret_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ProviderAway(f"client_secret_file: {error}") from error
        return OAuth2Client(
            client_id=self._settings.client_id,
            client_secret=secret,
            scope=self._settings.scope,
            redirect_uri=self._redirect_url,
            code_challenge_method="S256",
            timeout=PATIENCE_S,
        )

    def _address(self, key: str) -> str:
        address = self._found().get(key)
        if not isinstance(address, str) or not address.startswith(("https://", "http://")):
            raise ProviderAway(f"{self._settings.issuer} names no {key}")
        return address

    def _found(self) -> Mapping[str, object]:
        with self._lock:
            if not self._document:
                issuer = self._settings.issuer.rstrip("/")
                found = _fetched(f"{issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != issuer:
                    raise ProviderAway(f"{issuer} calls itself {found.get('issuer')!r}")
                self._document = found
            return self._document

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self._address("jwks_uri")
        with self._lock:
            if self._keys is None or anew:
                found = _fetched(address)
                self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type]  # checked there
            return self._keys


def vouched(claims: Mapping[str, object], settings: OidcSettings) -> VouchedPerson | NotVouched:
    """Name, role and sites from claims that were checked."""
    name = str(claims.get(settings.name_claim) or claims.get("email") or claims.get("sub"))
    if name_objection(name) is not None:
        return NotVouched(f"the claim {settings.name_claim} is no name: {name[:64]!r}")
    groups = _texts(claims.get(settings.roles_claim))
    roles = {settings.roles[one] for one in groups if one in settings.roles}
    role = next((one for one in _STRONGEST if one in roles), None)
    if role is None:
        return NotVouched(f"none of {name}'s groups has a role here")
    sites: frozenset[str] = frozenset()
    if settings.sites_claim is not None:
        sites = frozenset(one for one in _texts(claims.get(settings.sites_claim)) if "," not in one)
        if not sites:
            return NotVouched(f"{name} has no site in the claim {settings.sites_claim}")
    return VouchedPerson(subject=str(claims["sub"])[:256], name=name, role=role, sites=sites)


def _texts(found: object) -> tuple[str, ...]:
    said = found if isinstance(found, list) else [found]
    return tuple(one for one in said if isinstance(one, str) and one)


def _fetched(address: str) -> dict[str, object]:
    try:
        answer = httpx.get(address, timeout=PATIENCE_S)
        found = answer.raise_for_status().json() if len(answer.content) < _MOST_BYTES else None
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway(f"{address}: {error}") from error
    if not isinstance(found, dict):
        raise ProviderAway(f"{address} gives no document")
    return found
