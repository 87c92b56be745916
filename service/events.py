"""Structured log: `log(Event.FRAME_REJECTED, camera=..., reason=...)`.

SHELL. One line per event: to journald with its fields where stderr is the journal, otherwise as
JSON on stderr. Repeating events are rate-limited per camera, link, worker or library. Field names
that suggest a secret, and passwords within URLs, are masked.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from service.catalogue import Event, Level
from service.clock import Clock, SystemClock
from service.ratelimit import RateLimit
from service.redact import redacted_value

try:
    from systemd import journal
except ImportError:  # the extra `systemd`; without it everything goes to stderr
    journal = None

__all__ = ["Event", "LogLine", "configure", "flush", "log"]

_ORDER: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_PRIORITY: dict[Level, int] = {"debug": 7, "info": 6, "warning": 4, "error": 3}
_JOURNALS_OWN = frozenset(
    {
        *("MESSAGE", "MESSAGE_ID", "PRIORITY", "EVENT"),
        *("CODE_FILE", "CODE_LINE", "SYSLOG_IDENTIFIER"),
    }
)
_WHOSE = ("camera", "link", "worker", "library")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event as it is said."""

    at: datetime
    event: Event
    fields: dict[str, object]


Sink = Callable[[LogLine], None]


def as_json(line: LogLine) -> str:
    """One JSON object, keys `ts level event` first, then the fields."""
    ts = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"ts": ts, "level": line.event.level, "event": line.event.value}
    text = json.dumps(head | line.fields, default=str, ensure_ascii=False)
    return _encodable(text)


def to_stream(stream: TextIO) -> Sink:
    """A sink that writes JSON lines; a stream that is gone is not worth dying for."""

    def write(line: LogLine) -> None:
        try:
            stream.write(as_json(line) + "\n")
            stream.flush()
        except (OSError, ValueError):
            return

    return write


def to_journal() -> Sink | None:
    """A sink to journald with the fields in capitals, if systemd-python is installed."""
    if journal is None:
        return None

    def send(line: LogLine) -> None:
        named = {_journal_name(name): _text(value) for name, value in line.fields.items()}
        words = " ".join(f"{name}={_text(value)}" for name, value in line.fields.items())
        priority = str(_PRIORITY[line.event.level])
        facts = named | {"EVENT": line.event.value, "PRIORITY": priority}
        facts["SYSLOG_IDENTIFIER"] = identifier(sys.argv)
        with suppress(OSError, ValueError):  # a journal that is full is not worth dying for
            journal.send(f"{line.event.value} {words}".rstrip(), **facts)

    return send


def identifier(argv: list[str]) -> str:
    """What the journal calls us (`journalctl -t`), however we were started."""
    program = Path(argv[0] if argv else "")
    module = program.parent.name if program.name == "__main__.py" else program.name
    return f"stillwatch-{module.removeprefix('stillwatch-') or 'program'}"


def _journal_name(name: str) -> str:
    upper = name.upper()
    return f"{upper}_" if upper in _JOURNALS_OWN else upper


def stderr_is_journal(environ: dict[str, str], fd: int = 2) -> bool:
    """Whether `fd` is the very stream that `JOURNAL_STREAM` (device:inode) names."""
    try:
        stat = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def default_sink() -> Sink:
    """journald where it listens, JSON lines on stderr elsewhere."""
    journal = to_journal() if stderr_is_journal(dict(os.environ), _descriptor()) else None
    return journal or to_stream(sys.stderr)


def _descriptor() -> int:
    """Of our stderr, which need not be 2; see `service.library_lines`."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # none, or not a file
        return 2


class Log:
    """Level, rate limit and sink in one place; any thread may speak."""

    def __init__(self, sink: Sink, clock: Clock, level: Level = "info") -> None:
        self._lock = threading.Lock()
        self.become(sink, clock, level)

    def become(self, sink: Sink, clock: Clock, level: Level) -> None:
        """Starts afresh with another sink, clock and least level."""
        with self._lock:
            self._sink = sink
            self._clock = clock
            self._least = _ORDER[level]
            self._limit = RateLimit()

    def write(self, event: Event, fields: dict[str, object]) -> None:
        if _ORDER[event.level] < self._least:
            return
        with self._lock:
            unsaid = 0
            if event.repeats:
                admitted = self._limit.admit(_key(event, fields), self._clock.mono())
                if admitted is None:
                    return
                unsaid = admitted
            self._put(event, fields | ({"suppressed": unsaid} if unsaid else {}))

    def flush(self) -> None:
        """Says how many repeats were left out in the intervals that are over."""
        with self._lock:
            for key, count in self._limit.expired(self._clock.mono()):
                name, _, whose = key.partition(" ")
                about = {"of": name, "suppressed": count} | ({"about": whose} if whose else {})
                self._put(Event.EVENTS_SUPPRESSED, about)

    def _put(self, event: Event, fields: dict[str, object]) -> None:
        masked = {name: redacted_value(name, value) for name, value in fields.items()}
        self._sink(LogLine(at=self._clock.now(), event=event, fields=masked))


def _key(event: Event, fields: dict[str, object]) -> str:
    whose = " ".join(str(fields[name]) for name in _WHOSE if name in fields)
    return f"{event.value} {whose}".rstrip()


def _text(value: object) -> str:
    return _encodable(value) if isinstance(value, str) else json.dumps(value, default=str)


def _encodable(text: str) -> str:
    r"""With `\ud800` for half a character, as strangers' JSON may hold: no stream would take it."""
    return text.encode("utf-8", "backslashreplace").decode()


_LOG = Log(default_sink(), SystemClock())


def configure(
    *, level: Level = "info", sink: Sink | None = None, clock: Clock | None = None
) -> None:
    """Sets up the process's log; called once by `__main__`, and by tests."""
    _LOG.become(sink or default_sink(), clock or SystemClock(), level)


def log(event: Event, /, **fields: object) -> None:
    """Says that `event` happened; give `camera`, `link`, `frame_id` or `report_id` where known."""
    _LOG.write(event, fields)


def flush() -> None:
    """Says what was suppressed; the control loop calls it now and then, and at the end."""
    _LOG.flush()
