"""The configuration as profile and live thresholds leave it.

PURE. First the profile, for all cameras; over it what was set of a camera by itself. Called by
`edge.daemon.camera_controls`; the switches come on top of it (`switched`).
"""

from __future__ import annotations

from collections.abc import Mapping

from contract.ids import CameraId
from edge.config.profiles import CameraProfileConfig, LiveValues, Threshold, with_thresholds
from edge.config.rules import RuleConfig
from edge.config.schema import CameraConfig, EdgeConfig


def overridden(config: EdgeConfig, live: LiveValues) -> EdgeConfig:
    """`config` under the profile that holds, if there is one of that name, and the thresholds."""
    return _with_thresholds(_with_profile(config, live.profile), live.thresholds)


def replayed(config: EdgeConfig, live: LiveValues) -> EdgeConfig:
    """The same for frames that are judged once more: who is armed and enabled now says nothing of
    when they came, so that is as `config` has it."""
    under = overridden(config, live)
    cameras = {
        name: _as_filed(camera, config.of_camera(name)) for name, camera in under.cameras.items()
    }
    defaults = _as_filed(under.camera_defaults, config.camera_defaults)
    return under.model_copy(update={"cameras": cameras, "camera_defaults": defaults})


def _as_filed(camera: CameraConfig, filed: CameraConfig) -> CameraConfig:
    return camera.model_copy(update={"armed": filed.armed, "enabled": filed.enabled})


def thresholds(config: EdgeConfig, camera: CameraId) -> dict[Threshold, float]:
    """Those of the first rule of a camera, for somebody who wants one figure; empty without one."""
    for rule in _rules(config, config.of_camera(camera)):
        return {"min_score": rule.min_score, "threshold": rule.threshold}
    return {}


def _with_profile(config: EdgeConfig, name: str | None) -> EdgeConfig:
    profile = config.profiles.get(name or "")
    if profile is None:
        return config
    others = [one for one in profile.cameras if one not in config.cameras]
    known = [*config.cameras, *(others if config.intake.discovery else [])]
    cameras = {one: _changed(config, config.of_camera(one), profile.of(one)) for one in known}
    defaults = _changed(config, config.camera_defaults, profile.of(None))
    return config.model_copy(update={"cameras": cameras, "camera_defaults": defaults})


def _with_thresholds(
    config: EdgeConfig, wanted: Mapping[CameraId, Mapping[Threshold, float]]
) -> EdgeConfig:
    """A camera that is not listed gets an entry of its own, as with a switch."""
    changed = {
        camera: _changed(
            config, config.of_camera(camera), CameraProfileConfig.model_validate(dict(values))
        )
        for camera, values in wanted.items()
        if values and (camera in config.cameras or config.intake.discovery)
    }
    if not changed:
        return config
    return config.model_copy(update={"cameras": {**config.cameras, **changed}})


def _changed(config: EdgeConfig, camera: CameraConfig, said: CameraProfileConfig) -> CameraConfig:
    update: dict[str, object] = said.model_dump(include={"enabled", "armed"}, exclude_none=True)
    if said.min_score is not None or said.threshold is not None:
        rules = _rules(config, camera)
        update["rules"] = with_thresholds(rules, said.min_score, said.threshold)
    return camera.model_copy(update=update)


def _rules(config: EdgeConfig, camera: CameraConfig) -> tuple[RuleConfig, ...]:
    return config.decide.rules if camera.rules is None else camera.rules
