"""`python -m bridge`: run, check-config, health, probe, discover.

SHELL. Exit status: 0 done, 1 failed while running or not well, 2 wrong use, 78 for a configuration
that somebody has to fix, 130 for Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from pydantic import ValidationError

from bridge.camera_files import password_fault, password_of
from bridge.config import BridgeConfigError, SourceConfig, faults_of
from bridge.container import ContainerConfig, container_config
from contract.ids import id_of, is_name
from service import events
from service.clock import SystemClock
from service.events import Event, log
from service.link_settings import LinkError, make_client, settings_of
from service.private import make_private
from service.redact import redacted
from service.status_client import print_health

DEFAULT_FILE = Path("/etc/stillwatch/bridge.yaml")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    options = command_line().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except (BridgeConfigError, LinkError) as error:
        for line in str(error).splitlines():
            print(f"stillwatch-bridge: {redacted(line)}", file=sys.stderr)
        return os.EX_CONFIG
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    from bridge.process import Bridge  # noqa: PLC0415, `check-config` shall not load FFmpeg

    make_private()
    loaded = _loaded(options)
    config = loaded.config
    events.configure(level=config.runtime.log_level)
    log(Event.DAEMON_STARTED, cameras=len(config.cameras))
    if loaded.notice:
        print(f"stillwatch-bridge: {loaded.notice}", file=sys.stderr)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return Bridge(config, SystemClock()).run(stopping)


def _loaded(options: argparse.Namespace) -> ContainerConfig:
    return container_config(options.config, os.environ)


def _check(options: argparse.Namespace) -> int:
    """Refuses what `run` refuses, short of connecting and listening; says who would be offline."""
    from bridge.uploads.listeners import accounts_of, upload_queues  # noqa: PLC0415, for uploads

    loaded = _loaded(options)
    config = loaded.config
    make_client(settings_of(config.broker, "site", config.id))
    accounts_of(config, upload_queues(config))
    for camera, settings in config.cameras.items():
        try:
            password_of(settings)
        except OSError as error:
            words = f"{password_fault(camera, error)}: offline until it can be read"
            print(f"stillwatch-bridge: {words}", file=sys.stderr)
    print(f"{loaded.source}: {len(config.cameras)} cameras, broker {config.broker.host}")
    return 0


def _health(options: argparse.Namespace) -> int:
    runtime = _loaded(options).config.runtime
    return print_health(runtime.metrics_host, runtime.metrics_port)


def _probe(options: argparse.Namespace) -> int:
    from bridge.fault import SourceFault  # noqa: PLC0415, see `_run`
    from bridge.probe import probe  # noqa: PLC0415

    if not is_name(options.camera):
        other = id_of(options.camera)
        hint = f": write {other}" if other else ""
        words = f"--camera {options.camera[:80]!r} is not 1 to 64 of a-z 0-9 _ -{hint}"
        raise BridgeConfigError(words)
    try:
        camera = SourceConfig(
            source=options.source,
            username=options.username,
            password_file=options.password_file,
            profile=options.profile,
            transport=options.transport,
            verify_tls=not options.any_certificate,
        )
        for line in probe(options.camera, camera, SystemClock()):
            print(redacted(line), flush=True)
    except ValidationError as error:
        raise BridgeConfigError(faults_of(error)) from error
    except (SourceFault, OSError) as error:
        print(redacted(f"stillwatch-bridge: {error}"), file=sys.stderr)
        return 1
    return 0


def _discover(options: argparse.Namespace) -> int:
    from bridge.discovery import camera_lines  # noqa: PLC0415, see `_run`

    for line in camera_lines(options.seconds, options.interface):
        print(line, flush=True)
    return 0


_COMMANDS = {
    "run": _run,
    "check-config": _check,
    "health": _health,
    "probe": _probe,
    "discover": _discover,
}


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stillwatch-bridge",
        description="Fetches pictures from cameras (RTSP, HTTP, MJPEG, ONVIF, a folder), takes "
        "what they upload by FTP and mail, and publishes all where the gateway listens.",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="run|check-config|health|probe|discover"
    )
    for name, words in (
        ("run", "fetch and publish until stopped"),
        ("check-config", "say whether the configuration can be used, or every fault in it"),
        ("health", "ask the running bridge how it is; 0 unless it should be started anew"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument(
            "--config", type=Path, default=DEFAULT_FILE, metavar="FILE", help="the configuration"
        )
    _add_probe(
        commands.add_parser("probe", help="say what a source offers, and its lines to paste")
    )
    _add_discover(commands.add_parser("discover", help="list the ONVIF cameras on the network"))
    return parser


def _add_discover(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seconds",
        type=_seconds,
        default=3.0,
        help="how long to listen, on each network; 0.1 to 600",
    )
    command.add_argument(
        "--interface",
        action="append",
        type=_own_address,
        default=[],
        metavar="ADDRESS",
        help="our own address on the cameras' network; may be given again; default: all",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text} is not 0.1 to 600")
    return seconds


def _own_address(text: str) -> str:
    """An address of this machine: from another one nothing could be asked."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((str(IPv4Address(text)), 0))
    except (ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no IPv4 address of this machine: `ip -4 address` lists them"
        ) from error
    return text


def _add_probe(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "source", help="rtsp://, rtsps://, http://, https://, onvif://, onvifs:// or folder:PATH"
    )
    command.add_argument("--camera", default="camera", metavar="ID", help="the id in the lines")
    command.add_argument("--username", metavar="NAME", help="user at the camera")
    command.add_argument(
        "--password-file", type=Path, metavar="FILE", help="file with the user's password"
    )
    command.add_argument("--profile", metavar="NAME", help="ONVIF: token or name of the profile")
    command.add_argument(
        "--transport", choices=("tcp", "udp"), default="tcp", help="how RTSP sends its media"
    )
    command.add_argument(
        "--any-certificate", action="store_true", help="do not check the camera's certificate"
    )


if __name__ == "__main__":
    sys.exit(main())
