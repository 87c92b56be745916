"""What balena's supervisor knows of compose 2.4, for what its library lets pass unsaid.

The list follows the fields that balena documents as supported; anything else in a service, and a
value that only looks right, is a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

_DOCUMENTED = """
build cap_add cap_drop cgroup_parent command cpu_quota cpu_shares cpuset depends_on devices dns
dns_opt dns_search domainname entrypoint environment expose extra_hosts group_add healthcheck
hostname image ipc labels mac_address mem_limit mem_reservation network_mode networks
oom_kill_disable oom_score_adj pid pids_limit ports privileged read_only restart security_opt
shm_size stop_grace_period stop_signal sysctls tmpfs ulimits user userns_mode volumes working_dir
"""
SERVICE_KEYS = frozenset(_DOCUMENTED.split())
TOP_KEYS = frozenset({"version", "services", "volumes", "networks"})
_DOCUMENTED_OF_BUILD = """
context dockerfile args cache_from extra_hosts labels shm_size target
"""
BUILD_KEYS = frozenset(_DOCUMENTED_OF_BUILD.split())
SIZE = re.compile(r"[1-9][0-9]*[bkmg]?")
SUBSTITUTION = re.compile(r"\$")


def complaints(composition: Mapping[str, object], text: str) -> Iterator[str]:
    """Everything in a composition, as it was written, that a device would ignore or refuse."""
    if SUBSTITUTION.search("\n".join(line.split("#")[0] for line in text.splitlines())):
        yield "$: the supervisor substitutes no variables"
    if composition.get("version") not in {"2.1", "2.4"}:
        yield f"version {composition.get('version')!r} is neither 2.1 nor 2.4"
    yield from (f"{key}: unknown" for key in composition.keys() - TOP_KEYS)
    for name, service in _mapping(composition["services"]).items():
        for said in _of_service(_mapping(service), _mapping(composition.get("volumes") or {})):
            yield f"{name}.{said}"


def _of_service(service: Mapping[str, object], volumes: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{key}: not supported" for key in sorted(service.keys() - SERVICE_KEYS))
    yield from _of_build(service.get("build"))
    for key in ("mem_limit", "mem_reservation", "shm_size"):
        if key in service and not SIZE.fullmatch(str(service[key])):
            yield f"{key}: {service[key]!r} is no size"
    for tmpfs in _strings(service.get("tmpfs")):
        if ":" in tmpfs or not tmpfs.startswith("/"):
            yield f"tmpfs: {tmpfs!r} is more than a path"
        if PurePosixPath("/tmp/balena").is_relative_to(tmpfs):  # noqa: S108, balena's place
            yield f"tmpfs: {tmpfs!r} holds the folder of the update lock"
    for volume in _strings(service.get("volumes")):
        if volume.split(":")[0] not in volumes:
            yield f"volumes: {volume!r} is no named volume"
    if service.get("network_mode") == "host" or service.get("privileged"):
        yield "network_mode, privileged: more rights than the service needs"
    for label, value in _mapping(service.get("labels") or {}).items():
        if not isinstance(value, str):
            yield f"labels: {label} is no text"


def _of_build(build: object) -> Iterator[str]:
    found = {"context": build} if isinstance(build, str) else _mapping(build or {})
    yield from (f"build.{key}: not supported" for key in sorted(found.keys() - BUILD_KEYS))
    context = str(found.get("context", "."))
    if context.startswith("/") or ".." in PurePosixPath(context).parts:
        yield f"build: {context!r} lies outside of the project"


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no mapping")
    return value


def _strings(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value or ()]  # type: ignore[attr-defined]  # a list, or absent
