"""A small OpenID Connect provider for tests: real HTTP, real signatures, people by name.

Signing in takes no password: the test says who is at the provider's door. What a hostile or broken
provider would do is set in `faults`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from service.clock import Clock
from tests.processes import HOST

CLIENT, SECRET = "stillwatch", "a secret of the provider"


@dataclass
class OpenIdPeople:
    """Who signs in next, with which claims; `faults` override claims of the token."""

    person: dict[str, object]
    clock: Clock
    faults: dict[str, object] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    signing: RSAKey | None = None
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    url: str = ""

    def document(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser goes next."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{back}"

    def token(self, asked: Mapping[str, str], client: str) -> dict[str, object] | None:
        """None: refused. A code is good once, for the client that proves that it began."""
        began = self.codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if began is None or proof != began["code_challenge"] or client != f"{CLIENT}:{SECRET}":
            return None
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": began["nonce"],
            **self.person,
            **self.faults,
        }
        signing = self.signing or self.key
        header = {"alg": "RS256", "kid": str(self.key.kid)}
        return {
            "access_token": "unused",
            "token_type": "Bearer",
            "id_token": jwt.encode(header, claims, signing),
        }


@contextmanager
def openid_provider(clock: Clock, **person: object) -> Iterator[OpenIdPeople]:
    """Serves one on a loopback port."""
    people = OpenIdPeople(person=dict(person), clock=clock)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(path.query).items()}
            if path.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", people.authorize(asked))
                self.end_headers()
            elif path.path == "/keys":
                self._send(200, {"keys": [people.key.as_dict(private=False)]})
            else:
                self._send(200, people.document())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {key: values[0] for key, values in parse_qs(body).items()}
            basic = self.headers.get("Authorization", "").removeprefix("Basic ")
            found = people.token(asked, base64.b64decode(basic).decode())
            self._send(200 if found else 400, found or {"error": "invalid_grant"})

        def _send(self, status: int, document: Mapping[str, object]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    people.url = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield people
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
