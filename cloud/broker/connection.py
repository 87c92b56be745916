"""The cloud's connection to its broker, from the settings.

SHELL, though it opens nothing. Called by `serve.process`, and by the operator's commands.
"""

from __future__ import annotations

import secrets

from cloud.settings import Settings
from service.link_settings import LinkSettings, tls_files


def link_settings(settings: Settings, name: str = "cloud") -> LinkSettings:
    """A session of its own per process: what is missed is repeated by the edge, or retained."""
    host, port = settings.address
    return LinkSettings(
        name="uplink",
        host=host,
        port=port,
        client_id=settings.client_id or f"stillwatch-{name}-{secrets.token_hex(6)}",
        protocol=settings.protocol,
        transport=settings.transport,
        websocket_path=settings.websocket_path,
        username=settings.username,
        password_file=settings.password_file,
        tls=tls_files(settings.tls) if settings.wants_tls else None,
        receive_maximum=settings.work.prefetch,
    )
