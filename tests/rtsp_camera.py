"""A camera for tests: GStreamer's RTSP server, run by the system's Python, where its bindings are.

    /usr/bin/python3 rtsp_camera.py PORT [--user NAME:PASSWORD] [--tls CERT KEY] PATH=FILE:CODEC...

Serves each MP4 in real time to its end. FILE:CODEC:stall sends a while and then nothing, without
ending. Started by `tests/cameras.py`.
"""

import argparse
import itertools
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402, after require_version

DIGEST = 2
STALLS_AFTER = 30
PAYLOADERS = {
    "h264": "rtph264pay config-interval=1",
    "h265": "rtph265pay config-interval=1",
    "mjpeg": "rtpjpegpay",
}


def factory(file: str, codec: str, how: str) -> GstRtspServer.RTSPMediaFactory:
    """A stream of `file`, which every client gets from its beginning."""
    made = GstRtspServer.RTSPMediaFactory()
    pay = PAYLOADERS[codec]
    made.set_launch(f"( filesrc location={file} ! qtdemux ! identity name=gate ! {pay} name=pay0 )")
    made.set_shared(False)
    if how == "stall":
        made.connect("media-configure", stall)
    return made


def stall(_factory: object, media: GstRtspServer.RTSPMedia) -> None:
    """Lets the first buffers through, then holds the stream without a word."""
    number = itertools.count()
    never = threading.Event()

    def probe(_pad: object, _info: object) -> Gst.PadProbeReturn:
        if next(number) > STALLS_AFTER:
            never.wait()
        return Gst.PadProbeReturn.OK

    gate = media.get_element().get_by_name("gate")
    gate.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, probe)


def authentication(options: argparse.Namespace) -> GstRtspServer.RTSPAuth:
    """Digest for a user, TLS for a certificate."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.user:
        name, _, password = options.user.partition(":")
        auth.set_supported_methods(DIGEST)
        auth.add_digest(name, password, token)
    else:
        auth.set_default_token(token)
    if options.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options.tls))
    return auth


def viewers() -> GstRtspServer.RTSPPermissions:
    """Who may see a stream of a server with users."""
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{right}", True)
    return permissions


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--user")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("streams", nargs="+")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.user or options.tls:
        server.set_auth(authentication(options))
    for stream in options.streams:
        path, _, rest = stream.partition("=")
        file, codec, how = (*rest.split(":"), "")[:3]
        made = factory(file, codec, how)
        if options.user or options.tls:
            made.set_permissions(viewers())
        server.get_mount_points().add_factory(path, made)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
