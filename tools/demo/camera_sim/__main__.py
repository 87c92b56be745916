"""`python -m tools.demo.camera_sim --broker HOST:PORT --camera ID=SOURCE ...`: simulated cameras.

Prints what each camera sent when it ends: at the end of the sources, after `--seconds`, or on
Ctrl-C. Exit status 2 if a source or the broker is not usable.
"""

from __future__ import annotations

import argparse
import signal
import ssl
import sys
import threading
from pathlib import Path
from typing import get_args

from contract.ids import is_name
from service.clock import SystemClock
from tools.demo.camera_sim.payload import PAYLOAD_FORMATS, PayloadFormat
from tools.demo.camera_sim.player import (
    PROTOCOLS,
    CameraError,
    PublishSettings,
    SimulatedCamera,
    close,
    connect,
    play,
)
from tools.demo.camera_sim.sources import PictureStreamError, open_stream


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    cameras: list[SimulatedCamera] = []
    try:
        _connect_all(options, cameras)
        play(cameras, _manner(options), SystemClock(), stop, options.seconds)
    except (CameraError, PictureStreamError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        close(cameras)
    for camera in cameras:
        print(_report(camera), flush=True)
    return 0


def _connect_all(options: argparse.Namespace, cameras: list[SimulatedCamera]) -> None:
    streams = [
        (name, open_stream(path, options.fps, options.quality)) for name, path in options.camera
    ]
    for name, stream in streams:
        cameras.append(connect(name, stream, _manner(options)))


def _report(camera: SimulatedCamera) -> str:
    counts = camera.counts
    return (
        f"{camera.id}: {counts.sent} pictures sent ({counts.bytes} bytes), "
        f"{counts.late} left out because late, {counts.unsent} not sent"
    )


def _manner(options: argparse.Namespace) -> PublishSettings:
    host, port = options.broker
    return PublishSettings(
        host=host,
        port=port,
        fps=options.fps,
        loop=options.loop,
        payload_format=options.payload,
        protocol=options.protocol,
        topic=options.topic,
        username=options.username,
        password=_password(options.password_file),
        tls=_tls(options),
    )


def _password(file: Path | None) -> str | None:
    try:
        return None if file is None else file.read_text().rstrip("\n")
    except OSError as error:
        raise CameraError(f"password file {file} cannot be read: {error.strerror}") from error


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    """With `--tls`, or any file for it."""
    if not (options.tls or options.ca_file or options.cert_file):
        return None
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
        if options.cert_file is not None:
            context.load_cert_chain(options.cert_file, options.key_file)
    except OSError as error:
        raise CameraError(f"a file for TLS cannot be used: {error}") from error
    return context


def address(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `HOST` taken apart."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "1883")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _camera(text: str) -> tuple[str, Path]:
    name, sign, source = text.partition("=")
    if not sign or not is_name(name):
        raise argparse.ArgumentTypeError(f"{text!r} is not ID=SOURCE, ID 1 to 64 of a-z 0-9 _ -")
    return name, Path(source)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0.01 <= rate <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.01 and 1000 pictures a second")
    return rate


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.demo.camera_sim", description=__doc__)
    add = parser.add_argument
    add("--broker", type=address, default=("127.0.0.1", 1883), metavar="HOST:PORT")
    add("--camera", type=_camera, action="append", required=True, metavar="ID=SOURCE")
    add("--fps", type=_rate, default=5.0, help="pictures per second of each camera")
    add("--loop", action="store_true", help="start a source again at its end")
    add("--seconds", type=float, help="end after this long")
    add(
        "--payload",
        choices=PAYLOAD_FORMATS,
        default="raw",
        help=f"one of {', '.join(get_args(PayloadFormat))}",
    )
    add("--quality", type=int, default=85, help="of the JPEGs made of a video, 1 to 100")
    add("--protocol", choices=sorted(PROTOCOLS), default="3.1.1", help="MQTT version")
    add("--username", help="user at the broker")
    add("--password-file", type=Path, metavar="FILE", help="file with the password")
    add("--tls", action="store_true", help="connect over TLS, with the system's authorities")
    add("--ca-file", type=Path, metavar="FILE", help="TLS with this authority")
    add("--cert-file", type=Path, metavar="FILE", help="TLS with this certificate of the cameras")
    add("--key-file", type=Path, metavar="FILE", help="its key, unless in the same file")
    add("--topic", default="cameras/{camera}/image", help="{camera} stands for the id")
    return parser


if __name__ == "__main__":
    sys.exit(main())
