"""The daemon on a balena device, which holds updates off while it takes up a configuration.

SHELL. Called by the verb `run`.
"""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from edge.balena import on_balena
from edge.daemon import Daemon
from edge.update_lock import UpdateUnderWay, clear_stale, updates_held
from service.events import Event, log


class BalenaDaemon(Daemon):
    """A daemon that no update interrupts while it takes up a configuration."""

    @override
    def _take_up_file(self) -> None:
        try:
            with updates_held():
                super()._take_up_file()
        except UpdateUnderWay as error:
            log(Event.CONFIG_REFUSED, reasons=[str(error)])


def daemon_class(environ: Mapping[str, str]) -> type[Daemon]:
    """The daemon for where we are; on balena a lock that we left behind is cleared."""
    if not on_balena(environ):
        return Daemon
    clear_stale()
    return BalenaDaemon
