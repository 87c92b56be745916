"""`fleet list`, `show`, `watch` from what gateways retain at the broker, `ask` of one of them, and
`proof` from the store.

SHELL. Exit status: 0 everybody watches (of `watch`: it was asked to stop; of `proof`: it holds);
1 it could not be known (of `proof`: or does not hold); 3 somebody is silent or unwell. Called by
`__main__`.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Callable
from typing import Literal, assert_never

from prometheus_client import CollectorRegistry

from cloud.confirm.offline import CannotRun
from cloud.fleet.asking import ask, save_picture
from cloud.fleet.listening import FleetListener
from cloud.fleet.proof import proof
from cloud.fleet.report import details, page, summary, table
from cloud.fleet.silence import Gap
from cloud.fleet.watching import FleetWatch
from cloud.settings import Settings, SettingsError
from contract.ids import GatewayId
from objectstore.store import ObjectStore
from service import events
from service.clock import Clock
from service.metrics import LinkCollector, StatusServer
from service.notify import SystemdNotifier

EXIT_UNWELL = 3

FleetVerb = Literal["list", "show", "watch", "ask", "proof"]


def fleet(
    options: argparse.Namespace,
    settings: Settings,
    open_store: Callable[[], ObjectStore],
    clock: Clock,
) -> int:
    """Runs one verb. Raises `CannotRun`, `LinkError`, `SettingsError` and `StoreError`."""
    events.configure(level="error")
    verb: FleetVerb = options.verb
    match verb:
        case "list":
            return _list(options, settings, clock)
        case "show":
            return _show(options, settings, clock)
        case "watch":
            return _watch(options, settings, clock)
        case "ask":
            return _ask(options, settings, clock)
        case "proof":
            status, lines = proof(options, settings, open_store, clock)
            _print(*lines)
            return status
        case _:
            assert_never(verb)


def _list(options: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    link = _known(options, settings, clock)
    now = clock.now()
    rows = [
        summary(name, known, now, options.silent_s)
        for name, known in sorted(link.states.gateways.items())
    ]
    if not rows:
        raise CannotRun(f"no gateway has said anything below {settings.root}/ at this broker")
    shown = [row for row in rows if not options.unwell or row["state"] != "ok"]
    _print(*(map(json.dumps, shown) if options.json else table(shown)))
    return EXIT_UNWELL if any(row["state"] != "ok" for row in rows) else 0


def _show(options: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    link = _known(options, settings, clock)
    known = link.states.gateways.get(GatewayId(options.gateway))
    if known is None:
        raise CannotRun(f"nothing is known of {options.gateway}; `fleet list` names those that are")
    facts = details(GatewayId(options.gateway), known, clock.now(), options.silent_s)
    _print(*([json.dumps(facts)] if options.json else page(facts)))
    return EXIT_UNWELL if facts["state"] != "ok" else 0


def _watch(options: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def say(gap: Gap) -> None:
        _print(json.dumps(gap.as_json()) if options.json else words(gap))

    watch = FleetWatch(settings, clock, say, silent_s=options.silent_s, after_s=options.after_s)
    registry = CollectorRegistry()
    registry.register(LinkCollector(lambda: {"uplink": watch.link_state()}))
    status = StatusServer(settings.metrics_host, settings.metrics_port, registry, watch.health)
    watch.start(options.settle_s)
    try:
        status.start()
    except OSError as error:
        raise SettingsError(f"metrics cannot listen: {error.strerror}") from error
    watch.run(stop, SystemdNotifier(clock=clock))
    status.stop()
    if watch.refused:
        raise CannotRun(f"the broker refused {watch.refused} messages on {settings.root}-fleet/gap")
    return 0


def _ask(options: argparse.Namespace, settings: Settings, clock: Clock) -> int:
    if options.ask == "snapshot" and options.out is None:
        raise CannotRun("say where to write the picture: --out FILE")
    data = ask(options, settings, clock)
    if options.ask == "snapshot":
        data = save_picture(data, options.out)
    _print(json.dumps(data, indent=2))
    return 0


def words(gap: Gap) -> str:
    """A gap for people."""
    gateway, camera = gap.subject
    who = f"camera {gateway}/{camera}" if camera else f"gateway {gateway}" if gateway else "fleet"
    if gap.end is None:
        return f"{gap.begin:%Y-%m-%d %H:%M:%SZ} silent: {who} ({gap.reason})"
    lasted = (gap.end - gap.begin).total_seconds()
    return f"{gap.end:%Y-%m-%d %H:%M:%SZ} back: {who}, after {lasted:.0f} s ({gap.reason})"


def _print(*lines: str) -> None:
    print("\n".join(lines), flush=True)  # noqa: T201, it is what the subcommand is for


def _known(options: argparse.Namespace, settings: Settings, clock: Clock) -> FleetListener:
    link = FleetListener(settings, clock)
    link.start(options.settle_s)
    link.stop()
    return link
