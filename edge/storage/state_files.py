"""What stands in a gateway's state folder (`deliver.outbox.path`): the one list of it.

PURE. Whoever keeps another file or folder there names it here first. `edge run` closes off all of
it, `backup` copies all but what is in `NOT_COPIED`.
"""

from __future__ import annotations

from enum import StrEnum


class StateFile(StrEnum):
    """Files, then folders."""

    OUTBOX = "outbox.sqlite"
    STATIC_OBJECTS = "static.db"
    SWITCHES = "switches.json"
    LIVE_SETTINGS = "live-settings.json"
    LAST_GOOD = "last-good-config.json"
    CLIENT_ID = "client-id.json"
    REDELIVERIES = "redelivery-attempts.json"
    SELF_TEST = "self-test.json"
    HOME_ASSISTANT = "home_assistant.json"
    PICTURES = "pictures"
    UPDATES = "updates"
    IDENTITY = "identity"
    WATCH = "watch"


NOT_COPIED = frozenset((StateFile.WATCH,))
"""The proof of watch with its key stays where it was written: what is restored begins another. Two
copies of the key would write two chains."""

_EXACT = frozenset((StateFile.IDENTITY, StateFile.WATCH))
"""Nothing of these is set aside beside them."""


def patterns() -> tuple[str, ...]:
    """What of the folder is ours, and what was set aside or left half-written of it."""
    return tuple(str(one) if one in _EXACT else f"{one}*" for one in StateFile)
