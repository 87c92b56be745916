"""Builds every configured destination, with its secrets.

SHELL. The one place that knows all kinds. Called by `process` and by `check-config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloud.notify.delivery import NotifyDestination
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.secrets_read import read_secret
from cloud.notify.settings import NotifySettings
from cloud.notify.webhook import Webhook
from cloud.notify.webhook_message import signing_key
from cloud.settings import SettingsError
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltDestination:
    """A destination, ready. `counted`: its messages get lasting numbers."""

    destination: NotifyDestination
    settings: DestinationSettings
    counted: bool = False


def build(
    settings: NotifySettings, environ: Mapping[str, str], clock: Clock
) -> dict[str, BuiltDestination]:
    """All of them, by name; raises `SettingsError` with everything that is wrong."""
    found: dict[str, BuiltDestination] = {}
    wrong: list[str] = []
    for name, one in settings.webhooks.items():
        what = f"notify.webhooks.{name}"
        try:
            key = signing_key(read_secret(one.secret, environ, f"{what}.secret"))
        except (SettingsError, ValueError) as error:
            wrong.append(str(error) if isinstance(error, SettingsError) else f"{what}: {error}")
            continue
        found[name] = BuiltDestination(destination=Webhook(one, key, clock), settings=one)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found
