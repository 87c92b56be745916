"""The rendered manifests: found by kind and name, and laid out as a pod would see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = ("overlays/small", "overlays/production", "overlays/gpu")
EVERYTHING = (*OVERLAYS, "archive", "retain")
Object = dict[str, Any]


def objects(text: str) -> list[Object]:
    return [one for one in yaml.safe_load_all(text) if one]


def of_kind(kind: str, found: list[Object], name: str = "") -> Object:
    [one] = [o for o in found if o["kind"] == kind and o["metadata"]["name"].startswith(name)]
    return one


def pods(found: list[Object]) -> Iterator[Object]:
    for one in found:
        if one["kind"] in {"Deployment", "StatefulSet", "Job", "CronJob"}:
            yield pod_of(one)


def pod_of(workload: Object) -> Object:
    """What it starts; a CronJob by way of its jobs."""
    spec = workload["spec"]
    found: Object = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"]
    return found


def containers(pod: Object) -> list[Object]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(container: Object, found: list[Object]) -> dict[str, str]:
    """The variables that a container gets, those from ConfigMaps too."""
    environ: dict[str, str] = {}
    for source in container.get("envFrom", []):
        name = source["configMapRef"]["name"]
        for one in found:  # a part may leave it to the overlay
            if (one["kind"], one["metadata"]["name"]) == ("ConfigMap", name):
                environ |= one["data"]
    for one in container.get("env", []):
        environ[one["name"]] = one.get("value", "")
    return environ


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A pod's files below `folder`, and its variables, with the paths that they have there."""

    folder: Path
    container: Object
    environ: dict[str, str]

    def replace(self, old: str, new: str) -> None:
        """In the settings file, which must have it."""
        text = self.settings.read_text()
        assert old in text
        self.settings.write_text(text.replace(old, new))

    @property
    def settings(self) -> Path:
        return Path(self.environ["STILLWATCH_CLOUD_SETTINGS"])


def lay_out(
    workload: Object, found: list[Object], secrets: Mapping[str, str], folder: Path
) -> LaidOut:
    """The only container of `workload`; `secrets` has the content of Secrets' files by their names.

    A Secret without a list of items has all of `secrets`.
    """
    pod = pod_of(workload)
    [container] = pod["containers"]
    volumes = {one["name"]: one for one in pod["volumes"]}
    mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    for path, name in mounts.items():
        there = folder / path.lstrip("/")
        there.mkdir(parents=True)
        for file, text in _files(volumes.get(name, {}), found, secrets).items():
            (there / file).write_text(_moved(text, mounts, folder))
            (there / file).chmod(0o600)
    environ = environment(container, found)
    moved = {key: _moved(value, mounts, folder) for key, value in environ.items()}
    return LaidOut(folder, container, moved)


def _files(volume: Object, found: list[Object], secrets: Mapping[str, str]) -> Mapping[str, str]:
    if "configMap" in volume:
        data: dict[str, str] = of_kind("ConfigMap", found, volume["configMap"]["name"])["data"]
        return data
    if "secret" in volume:
        items = volume["secret"].get("items")
        return secrets if items is None else {one["path"]: secrets[one["path"]] for one in items}
    return {}


def _moved(text: str, mounts: Mapping[str, str], folder: Path) -> str:
    for path in mounts:
        if path != "/tmp":  # noqa: S108, the pod's own
            text = text.replace(path, f"{folder}{path}")
    return text
