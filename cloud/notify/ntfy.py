"""A destination that is a topic of an ntfy server.

SHELL. The messages of an event have one sequence id, so a server from 2.16 on shows them as one
notification that changes, and what comes again replaces itself; an older one shows each. With a
picture the message is the body of a PUT, its words in headers. Source: docs.ntfy.sh/publish.
Called by `destination_worker`.
"""

from __future__ import annotations

import base64
import hashlib

from cloud.notify.delivery import DeliveryAttempt, DeliveryOutcome, TryAgain
from cloud.notify.http_client import AddressRefused, HttpFailure, HttpReach
from cloud.notify.notice import Notice
from cloud.notify.push_settings import NtfySettings
from cloud.notify.texts import one_line, text, title
from cloud.notify.webhook import outcome_of

FINAL = frozenset({400, 413})
MAX_TEXT_BYTES = 3800
"""ntfy makes an attachment of a longer message."""


class Ntfy:
    """One topic."""

    def __init__(self, settings: NtfySettings, token: str | None, link: str | None) -> None:
        self._settings, self._token, self._link = settings, token, link
        self._reach = HttpReach(settings.allow_networks, settings.ca_file)

    @property
    def with_picture(self) -> bool:
        return self._settings.pictures

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        notice, picture = attempt.notice, attempt.picture
        if picture is not None and len(picture) > self._settings.max_picture_bytes:
            picture = None
        words = text(notice).encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
        headers = self._headers(notice)
        if picture is not None:
            headers["Message"] = _header(words.replace("\n", "\\n"))
            headers["Filename"] = f"{notice.camera or notice.gateway}.jpg"
        try:
            answer = self._reach.request(
                "POST" if picture is None else "PUT",
                self._settings.url,
                words.encode() if picture is None else picture,
                headers,
                self._settings.timeout_s,
            )
        except (HttpFailure, AddressRefused) as error:
            return TryAgain(str(error))
        return outcome_of(answer, FINAL)

    def idle(self) -> None:
        """HTTP has nothing to supervise."""

    def _headers(self, notice: Notice) -> dict[str, str]:
        headers = {
            "Title": _header(title(notice)),
            "Priority": str(priority(notice)),
            "Tags": ",".join(tags(notice)),
            "X-Sequence-ID": hashlib.sha256(notice.event.encode()).hexdigest()[:32],
            "User-Agent": "stillwatch",
        }
        if self._link is not None:
            headers["Click"] = _header(self._link.replace("{id}", notice.about))
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def priority(notice: Notice) -> int:
    """1 to 5: an alarm by its severity, at least the default; what needs nobody is quiet."""
    if notice.on_test or notice.stage in ("refuted", "ended"):
        return 2
    if notice.kind != "alarm":
        return 3
    return {0: 3, 1: 3, 2: 4}.get(notice.severity, 5)


def tags(notice: Notice) -> list[str]:
    """Emoji short codes and words."""
    if notice.on_test:
        return ["test_tube", "test"]
    if notice.stage in ("refuted", "ended"):
        return ["white_check_mark", notice.stage]
    unchecked = notice.decision in ("unconfirmed", "inconclusive")
    return ["warning" if unchecked else "rotating_light", str(notice.decision or notice.kind)]


def _header(words: str) -> str:
    """A header's value; RFC 2047, which ntfy understands, for what is not ASCII, or would be read
    as RFC 2047."""
    if words.isascii() and words.isprintable() and "=?" not in words:
        return words
    return f"=?UTF-8?B?{base64.b64encode(one_line(words).encode()).decode()}?="
