"""What an order changes: a patch or a model as an operator gives it, and its difference to another.

PURE but for the files of a model. Whether a patch fits a gateway only the gateway can say, for it
is laid over that gateway's own file; here it is checked to be a mapping, no key twice. Called by
the operator's commands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from cloud.confirm.offline import CannotRun
from contract.update import ConfigOrder, ModelFile, ModelOrder, UpdateOrder
from imaging.manifest import MANIFEST_FILE, Manifest, read_manifest, verify
from service.yaml_file import YamlError, yaml_of

_ABSENT = object()


def patch_of(text: str, where: str) -> Mapping[str, object]:
    """The mapping in a patch's text; raises `CannotRun`."""
    try:
        found = yaml_of(text)
    except YamlError as error:
        raise CannotRun(f"{where}: {error}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise CannotRun(f"{where} is a {type(found).__name__}: a mapping of sections is needed")
    return {str(key): value for key, value in found.items()}


def model_in(folder: Path) -> tuple[Manifest, str, tuple[ModelFile, ...]]:
    """Manifest, its text, and the other files of a model for the edge; raises `ModelError`, and
    `CannotRun` for what cannot be sent."""
    manifest = read_manifest(folder)
    if manifest.role != "edge":
        raise CannotRun(
            f"model {manifest.name} is for the {manifest.role}: gateways run the edge's"
        )
    if manifest.self_test is None:
        raise CannotRun(f"model {manifest.name} has no self-test: every gateway would refuse it")
    verify(folder, manifest)
    below = [one for one in folder.iterdir() if one.is_dir()]
    if below:
        raise CannotRun(f"{below[0]} is a folder: a model that is sent has files only")
    files = tuple(
        _file(one)
        for one in sorted(folder.iterdir())
        if one.name != MANIFEST_FILE and one.is_file()
    )
    return manifest, (folder / MANIFEST_FILE).read_text(encoding="utf-8"), files


def differences(before: UpdateOrder | None, after: UpdateOrder) -> Iterator[str]:
    """What `after` says otherwise, a line for each key: `+`, `-`, and `~` with both values."""
    old = {} if before is None else dict(_flat(_document(before), ""))
    new = dict(_flat(_document(after), ""))
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path, _ABSENT), new.get(path, _ABSENT)
        if was is _ABSENT:
            yield f"+ {path}: {_shown(now)}"
        elif now is _ABSENT:
            yield f"- {path}: {_shown(was)}"
        elif was != now or type(was) is not type(now):
            yield f"~ {path}: {_shown(was)} -> {_shown(now)}"


def _document(order: UpdateOrder) -> Mapping[str, object]:
    match order:
        case ConfigOrder():
            return patch_of(order.patch, f"the patch of version {order.version}")
        case ModelOrder():
            files = {file.name: file.sha256 for file in order.files}
            manifest = patch_of(order.manifest, f"the manifest of version {order.version}")
            return {"name": order.name, "manifest": manifest, "files": files}


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Every leaf by its path; lists are leaves, as a merge patch has them."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value


def _shown(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _file(path: Path) -> ModelFile:
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return ModelFile(name=path.name, sha256=sha256, bytes=path.stat().st_size)
