"""The proof of watch on the gateway's disk: its key, its entries, and the entry that is not closed.

SHELL. One writer, the daemon that has the outbox. Everything is written whole and durable before
anybody hears of it, so a kill at any point leaves neither two entries with one number nor a number
that nobody has. Entries lie in a folder for each id that the gateway had, and each key. Called by
`recorder` and `delivery`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from contract.chain import START
from contract.envelope import Refusal
from contract.ids import GatewayId
from contract.signature import KeyFlaw, Signer, new_signer, private_pem, read_signer
from contract.watch import SealedEntry, WatchEntry, read_sealed
from edge.storage.files import free_aside, is_sound, seal_off, sealed, write_whole
from edge.storage.state_files import StateFile
from service.events import Event, log

KEY = "key.pem"
_OURS = 0o600
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest entry: its number, 0 before the first, and the hash that the next one names."""

    number: int = 0
    sha256: str = START


class WatchFiles:
    """Of one gateway. Methods raise `OSError` where the disk does not do its part."""

    def __init__(self, state: Path, gateway: GatewayId) -> None:
        """`state`: the folder of the gateway's durable state."""
        self._folder = state / StateFile.WATCH
        self._of_gateway = self._folder / "entries" / gateway
        self._open = self._folder / "open.json"
        self._current = ""

    def open_key(self) -> Signer:
        """The key, made if there is none; one that is damaged is set aside, and said."""
        found = self._read_key()
        signer = self._made_key(found) if isinstance(found, str) else found
        self._current = signer.key_id
        return signer

    def _read_key(self) -> Signer | str:
        """The key, or why another is needed."""
        file = self._folder / KEY
        try:
            return read_signer(file.read_bytes())
        except FileNotFoundError:
            return "there was none"
        except KeyFlaw as error:
            file.replace(free_aside(file))
            return str(error)

    def _made_key(self, reason: str) -> Signer:
        made = new_signer()
        write_whole(self._folder / KEY, private_pem(made), _OURS)
        log(Event.WATCH_KEY_MADE, key=made.key_id, reason=reason)
        return made

    def head(self, signer: Signer) -> ChainHead:
        """Where the chain of this key ends."""
        numbers = self.numbers(signer.key_id)
        if not numbers:
            return ChainHead()
        last = self.read(signer.key_id, numbers[-1])
        if last is not None:
            return ChainHead(numbers[-1], last.sha256)
        unclosed = self.read_open()
        follows = unclosed is not None and unclosed.number == numbers[-1] + 1
        return ChainHead(numbers[-1], unclosed.previous if unclosed and follows else START)

    def add(self, one: SealedEntry, signer: Signer) -> None:
        """An entry that is closed."""
        write_whole(self._file(signer.key_id, one.entry.number), one.content, _OURS)

    def keep_open(self, entry: WatchEntry) -> None:
        """The entry as it would be if the power went now."""
        write_whole(self._open, sealed(entry.model_dump_json()), _OURS)

    def read_open(self) -> WatchEntry | None:
        """What `keep_open` kept; None without it, and for what is damaged, which is said."""
        try:
            content = self._open.read_bytes()
        except FileNotFoundError:
            return None
        try:
            if not is_sound(content):
                raise ValueError("it is not as it was written")
            return WatchEntry.model_validate_json(seal_off(content))
        except (ValidationError, ValueError) as error:
            log(Event.WATCH_LOST, reason=f"{self._open.name}: {str(error).splitlines()[0]}")
            return None

    def key_ids(self) -> tuple[str, ...]:
        """Ids of the keys of which there are entries, the latest key last."""
        folders = [one for one in self._of_gateway.glob("*") if one.is_dir()]
        folders.sort(key=lambda one: (one.name == self._current, one.stat().st_mtime))
        return tuple(one.name for one in folders)

    def numbers(self, key_id: str) -> list[int]:
        """Of the entries that are here, in order."""
        names = (one.stem for one in self._entries(key_id).glob(f"*{_SUFFIX}"))
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def read(self, key_id: str, number: int) -> SealedEntry | None:
        """An entry; None if it is not here or damaged."""
        with suppress(FileNotFoundError):
            found = read_sealed(self._file(key_id, number).read_bytes())
            return None if isinstance(found, Refusal) else found
        return None

    def delivered(self, key_id: str) -> int:
        """Up to which number the cloud has said that it keeps them."""
        with suppress(FileNotFoundError, ValueError):
            found: object = json.loads(self._delivered_file(key_id).read_bytes())
            return found if isinstance(found, int) else 0
        return 0

    def set_delivered(self, key_id: str, number: int) -> None:
        """The cloud keeps them up to here."""
        write_whole(self._delivered_file(key_id), json.dumps(number), _OURS)

    def prune(self, keep: int) -> Iterator[tuple[str, int]]:
        """Only the newest `keep` entries stay of each key; what went that the cloud has not."""
        for key_id in self.key_ids():
            delivered = self.delivered(key_id)
            for number in self.numbers(key_id)[:-keep]:
                self._file(key_id, number).unlink(missing_ok=True)
                if number > delivered:
                    yield key_id, number

    def _entries(self, key_id: str) -> Path:
        return self._of_gateway / key_id

    def _file(self, key_id: str, number: int) -> Path:
        return self._entries(key_id) / f"{number:010d}{_SUFFIX}"

    def _delivered_file(self, key_id: str) -> Path:
        return self._entries(key_id) / "delivered"
