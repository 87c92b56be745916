"""What a link subscribes to, and what of it the broker granted.

SHELL, a part of `service.link`: it asks on the network thread after every connect, and on any
thread when other subscriptions are wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from service.events import Event, log
from service.link_settings import LinkSettings, Subscription


class Subscriptions:
    """Those that are wanted now. `refused_filters` are those that the broker did not grant at its
    last answer, `granted` whether it did all that are needed."""

    def __init__(
        self, client: mqtt.Client, settings: LinkSettings, wanted: Sequence[Subscription]
    ) -> None:
        self._client, self._settings = client, settings
        self._wanted = tuple(wanted)
        self.refused_filters: tuple[str, ...] = ()
        self.granted = False

    def replace(self, wanted: Sequence[Subscription]) -> tuple[str, ...]:
        """These from now on; the filters that are wanted no longer."""
        kept = {one.filter for one in wanted}
        dropped = tuple(one.filter for one in self._wanted if one.filter not in kept)
        self._wanted = tuple(wanted)
        return dropped

    def ask(self) -> bool:
        """Subscribe to all; False if nothing is wanted, so that no answer will come."""
        if not self._wanted:
            self.refused_filters = ()
        elif self._settings.protocol == "5":
            self._client.subscribe(
                [(one.filter, SubscribeOptions(one.qos, one.no_local)) for one in self._wanted]
            )
        else:
            self._client.subscribe([(one.filter, one.qos) for one in self._wanted])
        return bool(self._wanted)

    def take_answer(self, reasons: Sequence[ReasonCode]) -> dict[str, str]:
        """What was refused, by filter, and why; logged."""
        answers = zip(self._wanted, reasons, strict=False)
        refused = {one.filter: str(reason) for one, reason in answers if reason.is_failure}
        self.refused_filters = tuple(refused)
        needed = {one.filter for one in self._wanted if not one.optional}
        for topic_filter, words in refused.items():
            without = {} if topic_filter in needed else {"optional": True}
            self._log(Event.LINK_REFUSED, filter=topic_filter, reason=words, **without)
        self.granted = not needed & refused.keys()
        if self.granted:
            self._log(Event.LINK_SUBSCRIBED, filters=len(self._wanted) - len(refused))
        return refused

    def _log(self, event: Event, **fields: object) -> None:
        log(event, link=self._settings.name, **fields)
