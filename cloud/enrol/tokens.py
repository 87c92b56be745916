"""Tokens: who may enrol, as what, how often and until when.

SHELL. Kept beside the authority's other files as hashes: who reads the file cannot enrol. A token
is for one name, or for names of a pattern (cards that were flashed alike). It remembers which keys
used it, so that a gateway whose answer was lost may ask again and no other device can. Called by
`registrar` and `commands`, under the authority's lock.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from cloud.enrol.authority import AuthorityError, write_for_us

FILE = "tokens.json"
_SECRET_BYTES = 24
_ID_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`names`: a name or a pattern with `*`. `used_by`: hashes of names and keys.

    `replace`: certificates that the name has already end when it is used.
    """

    id: str
    secret_sha256: str
    names: str
    uses: int
    expires_at: datetime
    replace: bool = False
    used_by: tuple[str, ...] = ()

    def fits(self, name: str) -> bool:
        return fnmatchcase(name, self.names)

    @property
    def for_many(self) -> bool:
        """Whether it lies on many cards."""
        return "*" in self.names

    @property
    def left(self) -> int:
        return max(0, self.uses - len(self.used_by))


class Tokens:
    """The file of tokens in an authority's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def all(self) -> list[Token]:
        """Raises `AuthorityError` for a file that is none of ours."""
        try:
            listed = json.loads(self._file.read_bytes())
            return [_token(one) for one in listed]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise AuthorityError(
                f"{self._file} cannot be read as tokens ({error}): move it away and make new ones"
            ) from error

    def make(
        self, names: str, uses: int, expires_at: datetime, *, replacing: bool = False
    ) -> tuple[Token, str]:
        """A new token, and its text, which is kept nowhere."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        token = Token(
            id=secrets.token_hex(_ID_BYTES),
            secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
            names=names,
            uses=uses,
            expires_at=expires_at,
            replace=replacing,
        )
        self._write([*self.all(), token])
        return token, f"{token.id}.{secret}"

    def find(self, text: str) -> Token | None:
        """The token that a text is of."""
        identity, _, secret = text.partition(".")
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        for one in self.all():
            if one.id == identity and hmac.compare_digest(one.secret_sha256, digest):
                return one
        return None

    def use(self, token: Token, use_sha256: str) -> None:
        """Counts a use; the same counts once."""
        if use_sha256 in token.used_by:
            return
        used = replace(token, used_by=(*token.used_by, use_sha256))
        self._write([used if one.id == token.id else one for one in self.all()])

    def withdraw(self, identity: str) -> bool:
        """Forgets a token; False if there is none of that id."""
        kept = [one for one in self.all() if one.id != identity]
        if len(kept) == len(self.all()):
            return False
        self._write(kept)
        return True

    def _write(self, tokens: list[Token]) -> None:
        document = [
            {
                "id": one.id,
                "secret_sha256": one.secret_sha256,
                "names": one.names,
                "uses": one.uses,
                "expires_at": one.expires_at.isoformat(),
                "replace": one.replace,
                "used_by": list(one.used_by),
            }
            for one in tokens
        ]
        write_for_us(self._file, json.dumps(document, indent=1).encode())


def _token(one: dict[str, object]) -> Token:
    used = one["used_by"]
    if not isinstance(used, list):
        raise TypeError("used_by is no list")
    return Token(
        id=str(one["id"]),
        secret_sha256=str(one["secret_sha256"]),
        names=str(one["names"]),
        uses=int(str(one["uses"])),
        expires_at=datetime.fromisoformat(str(one["expires_at"])),
        replace=bool(one["replace"]),
        used_by=tuple(map(str, used)),
    )
