"""A Frigate configuration as ours, or as the bridge's: text with a remark where something is lost.

PURE. Called by the subcommand `import`, which checks what comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.config.parse import Data
from edge.errors import ConfigError
from edge.frigate.camera import camera_of
from edge.frigate.document import (
    Notes,
    filled,
    is_host,
    merged,
    number,
    read_document,
    section,
    under,
)
from edge.frigate.keys import INHERITED, explain_cameras_keys, explain_general_keys
from edge.frigate.places import name_of
from edge.frigate.streams import source_of
from edge.frigate.text import written
from service.redact import redacted


def edge_yaml(document: bytes, environ: Mapping[str, str]) -> str:
    """The gateway's configuration; raises `ConfigError` for what cannot be translated."""
    data, notes = read_document(document)
    explain_general_keys(data, notes)
    ids = _ids(data, notes)
    variables = _variables(data, environ)
    broker = _broker(data, variables, notes)
    cameras = {}
    for name, camera in section(data, "cameras").items():
        path = ("cameras", name)
        explain_cameras_keys(camera, path, notes)
        cameras[ids[name]] = camera_of(_whole(camera, data), path, notes)
    if notes.problems:
        raise ConfigError(tuple(notes.problems))
    head = "Imported from Frigate. Lines with ## say what has no equivalent here, or needs a look."
    general = {"version": 1, **({"intake": {"broker": broker}} if broker else {})}
    return written(head, general, cameras, ids, notes)


def bridge_yaml(document: bytes, environ: Mapping[str, str]) -> str:
    """The bridge's configuration: where the pictures come from; raises `ConfigError`."""
    data, notes = read_document(document)
    ids = _ids(data, notes)
    variables = _variables(data, environ)
    broker = _broker(data, variables, notes)
    streams = section(data, "go2rtc", "streams")
    cameras: dict[str, Data] = {}
    for name, camera in section(data, "cameras").items():
        whole = _whole(camera, data)
        off = next((keys for keys in _SWITCHES if under(whole, *keys) is False), None)
        if off is not None:
            notes.remark(("cameras", name, *off), "off there: its pictures are not fetched")
            continue
        source = source_of(whole, ids[name], ("cameras", name), streams, variables, notes)
        if source is not None:
            cameras[ids[name]] = source
    head = "Imported from Frigate. Write each password into the file that password_file names."
    general: Data = {"version": 1, **({"broker": broker} if broker else {})}
    return written(head, general, cameras, ids, notes)


_SWITCHES = (("enabled",), ("detect", "enabled"))
"""Of a camera in Frigate; with either of them off it is disabled here."""


def _ids(data: Data, notes: Notes) -> dict[str, str]:
    """The id here of each camera there."""
    ids: dict[str, str] = {}
    for name in section(data, "cameras"):
        ids[name] = name_of(name, tuple(ids.values()))
        if ids[name] != name:
            notes.remark(("cameras", name), f"is named {ids[name]} here")
    return ids


def _whole(camera: object, data: Data) -> Data:
    """A camera's keys with what it inherits."""
    both = {key: merged(under(camera, key), data.get(key)) for key in INHERITED}
    return section(camera) | {key: value for key, value in both.items() if value is not None}


def _variables(data: Data, environ: Mapping[str, str]) -> dict[str, str]:
    """What `{FRIGATE_...}` stands for: the environment, and what the document sets itself."""
    own = {key: str(value) for key, value in section(data, "environment_vars").items()}
    return {**{key: environ[key] for key in environ if key.startswith("FRIGATE_")}, **own}


def _broker(data: Data, variables: Mapping[str, str], notes: Notes) -> Data:
    """The site's broker, where cameras and we publish; its password stays in a file."""
    broker: Data = {}
    for key, ours in (("host", "host"), ("user", "username")):
        value = under(data, "mqtt", key)
        if value is None:
            continue
        text, missing = filled(str(value), variables)
        if isinstance(value, dict | list):
            notes.remark(("mqtt", key), f"is no text, put it in quotes: add {ours} yourself")
            continue
        if key == "host" and not missing and not is_host(text):
            shown = redacted(text)[:40]
            notes.remark(("mqtt", key), f"{shown!r} is no host: add it to the broker yourself")
        elif missing:
            remark = f"{', '.join(missing)} is not set here: add {ours} to the broker yourself"
            notes.remark(("mqtt", key), remark)
        else:
            broker[ours] = text
    if under(data, "mqtt", "enabled") is False:
        notes.remark(("mqtt", "enabled"), "off there; pictures come over a broker: docs/mqtt.md")
    port = number(under(data, "mqtt", "port"))
    if port is not None and 1 <= port <= 65535:
        broker["port"] = int(port)
    elif port is not None:
        notes.remark(("mqtt", "port"), "is no port: add it to the broker yourself")
    if under(data, "mqtt", "password") is not None and "username" in broker:
        broker["password_file"] = "/etc/stillwatch/site-password"  # noqa: S105, a file's name
        notes.remark(("mqtt", "password"), "write it into the file that password_file names")
    elif under(data, "mqtt", "password") is not None:
        remark = "belongs to a user who is not known here: add username and password_file"
        notes.remark(("mqtt", "password"), remark)
    files = (("tls_ca_certs", "ca_file"), ("tls_client_cert", "cert_file"))
    tls = {
        ours: str(under(data, "mqtt", key))
        for key, ours in (*files, ("tls_client_key", "key_file"))
        if under(data, "mqtt", key) is not None
    }
    if "key_file" in tls and "cert_file" not in tls:
        del tls["key_file"]
        notes.remark(("mqtt", "tls_client_key"), "is nothing without its tls_client_cert: left out")
    return broker | ({"tls": tls} if tls else {})
