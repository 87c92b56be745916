"""`console serve|check-config|invite`.

SHELL. Prints on standard output what a person needs to begin: the address, and at the first start a
one-time link, which stands in no log. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import signal
import ssl
from collections.abc import Callable, Mapping

import uvicorn
from pydantic import ValidationError

from cloud.confirm.offline import CannotRun
from cloud.console.accounts import AccountRefused, Accounts, name_objection, sites_named
from cloud.console.app import create_app
from cloud.console.arguments import CONSOLE_FLAGS
from cloud.console.audit_log import AuditLog
from cloud.console.connections import BoundedConnection, ConsoleLoop
from cloud.console.process import ConsoleProcess
from cloud.console.roles import PersonRole
from cloud.console.settings import ConsoleSettings
from cloud.console.tables import AccountsError, open_tables
from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from objectstore.store import ObjectStore
from service.clock import Clock
from service.notify import SystemdNotifier
from service.private import make_private

_ALIVE_S = 10
"""So often the supervisor hears of us; more often where its own limit is short."""

_PATIENCE_S = 3
"""For pages that are still being sent when the process ends."""

_CONNECTIONS = 1000
"""More are answered with 503; `connections` keeps those that wait below it."""

_IDLE_S = 5
"""A connection without a further request ends."""


def run_console(
    options: argparse.Namespace,
    settings: Settings,
    store: Callable[[Settings], ObjectStore],
    clock: Clock,
) -> int:
    """Runs one; raises `SettingsError`, `CannotRun`."""
    make_private()
    own = _console_settings(settings.console, vars(options))
    settings = settings.model_copy(update={"console": own})
    if options.console == "check-config":
        store(settings)
        open_keys(settings)
        return _check(settings)
    if options.console == "invite":
        return _invite(options, own, clock)
    return _serve(settings, store(settings), clock)


def _console_settings(found: ConsoleSettings, flags: Mapping[str, object]) -> ConsoleSettings:
    """With the flags that were given."""
    given = {key: flags[key] for key in CONSOLE_FLAGS if flags.get(key) is not None}
    kept = {key: getattr(found, key) for key in found.model_fields_set}
    try:
        return ConsoleSettings.model_validate({**kept, **given})
    except ValidationError as error:
        lines = [
            f"console{''.join(f'.{part}' for part in one['loc'])}: "
            f"{one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error


def _check(settings: Settings) -> int:
    own = settings.console
    if own.certificate is not None and own.key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own.certificate, own.key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"certificate {own.certificate}: {error}") from error
    if own.oidc is not None and not own.oidc.client_secret_file.is_file():
        raise SettingsError(f"oidc: there is no file {own.oidc.client_secret_file}")
    _say(f"the settings can be used: {own.url}, listening on {own.listen}")
    return 0


def _invite(options: argparse.Namespace, settings: ConsoleSettings, clock: Clock) -> int:
    wrong = name_objection(options.name)
    if wrong is not None:
        raise CannotRun(f"{options.name!r}: {wrong}")
    sites = _sites(options.sites)
    try:
        engine = open_tables(settings.accounts, settings.accounts_password_file)
    except AccountsError as error:
        raise CannotRun(str(error)) from error
    token = Accounts(engine, clock).invite(options.name, PersonRole(options.role), sites)
    said = f"{options.name} as {options.role}"
    AuditLog(engine, clock).add("the server's shell", "-", "invitation_made", said)
    _say(f"{settings.url}/welcome/{token}")
    return 0


def _sites(given: str | None) -> frozenset[str]:
    """Without the option all; an empty value is a variable that was never set, not all of them."""
    if given is None:
        return frozenset()
    named = sites_named(given or " ")
    if isinstance(named, AccountRefused):
        raise CannotRun(f"--sites: {named.reason}")
    return named


def _serve(settings: Settings, store: ObjectStore, clock: Clock) -> int:
    own = settings.console
    console = ConsoleProcess(settings, store, clock)
    first = first_link(console.parts.accounts, own.url)
    words = "" if first is None else f"\nno account yet; who opens this first is its admin: {first}"
    notifier = SystemdNotifier(clock=clock)
    server = uvicorn.Server(_server_config(own, console, notifier))

    def end(*_: object) -> None:
        """Before pages are served, and when the server raises again what it has obeyed."""
        server.should_exit = True

    signal.signal(signal.SIGTERM, end)
    _say(f"console: {own.url}{words}")
    console.start()
    try:
        server.run()
    finally:
        notifier.stopping()
        console.stop()
    if not server.started:
        raise CannotRun(f"cannot listen on {own.listen}: is another process there?")
    return 0


def _server_config(
    own: ConsoleSettings, console: ConsoleProcess, notifier: SystemdNotifier
) -> uvicorn.Config:
    async def alive() -> None:  # from the loop that answers pages, first once it listens
        console.tell(notifier)

    host, port = own.address
    return uvicorn.Config(
        create_app(console.parts),
        host=host,
        port=port,
        ssl_certfile=own.certificate,
        ssl_keyfile=own.key,
        proxy_headers=bool(own.proxies),
        forwarded_allow_ips=list(own.proxies),
        server_header=False,
        access_log=False,
        log_config=None,
        http=BoundedConnection,
        loop=f"{ConsoleLoop.__module__}:{ConsoleLoop.__name__}",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_PATIENCE_S,
        timeout_notify=min(_ALIVE_S, int((notifier.watchdog_interval_s or _ALIVE_S) / 4)),
        callback_notify=alive,
    )


def first_link(accounts: Accounts, url: str) -> str | None:
    """The address that makes the first administrator; None once there is an account."""
    if not accounts.is_empty():
        return None
    return f"{url}/welcome/{accounts.invite(None, PersonRole.ADMIN)}"


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201, it is what the subcommand is for
