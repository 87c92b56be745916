"""What a gateway's configuration file says of one camera, and a patch that changes some of it.

PURE. The file is the gateway's and only looked at: what does not fit is left away. As there, a
camera that is listed has its own section and nothing of `camera_defaults`, which is for the others.
Called by whatever draws from the file or proposes a change of it.
"""

from __future__ import annotations

from collections.abc import Mapping


def section_of(document: object, camera: str) -> Mapping[str, object]:
    """What holds for a camera."""
    whole = mapping(document)
    own = _listed(whole, camera)
    return mapping(whole.get("camera_defaults")) if own is None else own


def rules_of(document: object, camera: str) -> object | None:
    """The camera's own, or those of all cameras; None where the file has neither."""
    own = section_of(document, camera).get("rules")
    return mapping(mapping(document).get("decide")).get("rules") if own is None else own


def camera_patch(
    document: object, camera: str, changed: Mapping[str, object]
) -> dict[str, dict[str, dict[str, object]]]:
    """A merge patch; empty where nothing is changed. It lists a camera that is not, which takes
    `camera_defaults` from it, so what these say, privacy masks too, it says as well."""
    if not changed:
        return {}
    whole = mapping(document)
    kept = section_of(whole, camera) if _listed(whole, camera) is None else {}
    return {"cameras": {camera: {**kept, **changed}}}


def mapping(found: object) -> Mapping[str, object]:
    """As it is, or an empty one for anything else."""
    return found if isinstance(found, dict) else {}


def _listed(whole: Mapping[str, object], camera: str) -> Mapping[str, object] | None:
    cameras = mapping(whole.get("cameras"))
    return mapping(cameras[camera]) if camera in cameras else None
