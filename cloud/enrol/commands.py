"""`enrol serve|token|list|revoke`: the operator's side of gateways' certificates.

SHELL. Works on an authority's folder; only `serve` and `revoke --end-connection` use the
network. Called by `__main__`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import ssl
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud.broker.connection import link_settings
from cloud.confirm.offline import CannotRun
from cloud.enrol.authority import Authority, AuthorityError
from cloud.enrol.index import Issued
from cloud.enrol.registrar import Registrar
from cloud.enrol.service import EnrolmentService
from cloud.enrol.store_signer import StoreSigner
from cloud.enrol.tokens import Token, Tokens
from cloud.settings import Settings, SettingsError
from contract.ids import is_name
from objectstore.open import read_s3
from objectstore.store import PermanentStoreError
from service.events import Event, log
from service.notify import SystemdNotifier

_KICK_S = 10.0
_ALIVE_S = 2.0


def run_enrol(options: argparse.Namespace, settings: Settings) -> int:
    """Runs one; raises `CannotRun`, `SettingsError`."""
    try:
        authority = Authority(options.authority)
        match options.enrol:
            case "serve":
                return _serve(options, authority)
            case "token":
                return _token(options, authority)
            case "list":
                return _list(authority, as_json=options.json)
            case _:
                return _revoke(options, authority, settings)
    except AuthorityError as error:
        raise CannotRun(str(error)) from error


def _serve(options: argparse.Namespace, authority: Authority) -> int:
    host, colon, port = options.listen.rpartition(":")
    if not (colon and port.isdecimal()):
        raise SettingsError(f"--listen {options.listen!r} is no HOST:PORT")
    if options.plain == bool(options.certificate and options.key):
        raise SettingsError("give --certificate and --key, or --plain behind a proxy with TLS")
    tls = None if options.plain else (options.certificate, options.key)
    signer = None if options.store is None else _signer(options.store)
    registrar = Registrar(authority, options.days, lambda: datetime.now(UTC), signer)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        service = EnrolmentService(registrar, host.strip("[]"), int(port), tls)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"cannot serve on {options.listen}: {error}") from error
    log(Event.METRICS_OPENED, host=host, port=service.port, what="enrolment")
    _until(stopping, service)
    service.close()
    return 0


def _until(stopping: threading.Event, service: EnrolmentService) -> None:
    """The supervisor hears that it is ready, and that it answers."""
    notifier = SystemdNotifier()
    notifier.ready()
    while not stopping.wait(_ALIVE_S):
        if not service.is_listening:
            raise CannotRun("the service has ended by itself")
        notifier.alive()
    notifier.stopping()


def _signer(spec: str) -> StoreSigner:
    kind, _, rest = spec.partition(":")
    if kind != "s3" or not rest:
        raise SettingsError(f"--store {spec!r}: requests are signed for s3:BUCKET?... only")
    try:
        return StoreSigner(read_s3(rest))
    except PermanentStoreError as error:
        raise SettingsError(f"store: {error}") from error


def _token(options: argparse.Namespace, authority: Authority) -> int:
    if not is_name(options.names.replace("*", "x")):
        raise SettingsError(f"{options.names!r}: a gateway's id is of a-z 0-9 _ -, * for any")
    if "*" in options.names and options.replace:
        raise SettingsError("--replace is for one name: any card could end another's certificate")
    if not (0 < options.uses <= 100_000 and 0 < options.hours <= 24 * 366):
        raise SettingsError("--uses must be 1 to 100000, --hours more than 0 and at most a year")
    ends_at = datetime.now(UTC) + timedelta(hours=options.hours)
    with authority.locked():
        token, text = Tokens(authority.folder).make(
            options.names, options.uses, ends_at, replacing=options.replace
        )
    _say(f"token {token.id} for {token.names}, {token.uses} use(s), until {ends_at:%FT%TZ};")
    _say("it is shown this once: put it into the gateway's `enrolment.token_file`")
    print(text)
    return 0


def _list(authority: Authority, *, as_json: bool) -> int:
    now = datetime.now(UTC)
    for one in authority.issued():
        print(json.dumps(_facts(one, now)) if as_json else _row(one, now))
    for token in Tokens(authority.folder).all():
        print(json.dumps(_token_facts(token)) if as_json else _token_row(token))
    return 0


def _revoke(options: argparse.Namespace, authority: Authority, settings: Settings) -> int:
    with authority.locked():
        withdrawn = Tokens(authority.folder).withdraw(options.name)
        ended = authority.revoke(options.name)
    if not (withdrawn or ended):
        raise CannotRun(f"{options.name} has no good certificate, and no token has that id")
    for one in ended:
        print(f"revoked {one.name} {one.serial}")
    if withdrawn:
        print(f"withdrawn token {options.name}")
    if not ended:
        return 0
    if options.broker_pid is not None:
        _reload(options.broker_pid)
    else:
        _say(f"give the broker {authority.folder}/ca.crl and reload it (SIGHUP)")
    if options.end_connection:
        _take_place(settings, options.name)
        print(f"ended the connection of {options.name}, if it had one")
    return 0


def _reload(pid_file: Path) -> None:
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise CannotRun(f"the broker of {pid_file} was not reloaded: {error}") from error


def _take_place(settings: Settings, name: str) -> None:
    """A connection with the gateway's client id ends the gateway's, which cannot come back."""
    from service.link import Link  # noqa: PLC0415, paho is for who connects

    own = replace(link_settings(settings), name="revoke", client_id=name)
    link = Link(own, on_fatal=lambda error: _say(str(error)))
    link.start()
    reached = link.wait_ready(_KICK_S)
    reason = link.state().reason
    link.stop(_KICK_S)
    if not reached:
        raise CannotRun(f"the broker let nobody take the place of {name}: {reason}")


def _facts(one: Issued, now: datetime) -> dict[str, object]:
    state = "revoked" if one.revoked_at else "good" if one.good(now) else "over"
    return {"gateway": one.name, "serial": one.serial, "state": state, "ends_at": str(one.ends_at)}


def _row(one: Issued, now: datetime) -> str:
    facts = _facts(one, now)
    return f"{facts['state']:8} {one.name:32} {one.ends_at:%F %T}Z {one.serial}"


def _token_facts(token: Token) -> dict[str, object]:
    return {
        "token": token.id,
        "names": token.names,
        "uses": token.uses,
        "left": token.left,
        "expires_at": str(token.expires_at),
    }


def _token_row(token: Token) -> str:
    return f"token    {token.names:32} {token.expires_at:%F %T}Z {token.left} left, {token.id}"


def _say(words: str) -> None:
    print(f"stillwatch-cloud: {words}", file=sys.stderr)
