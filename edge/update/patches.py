"""The updates in force as patches over the gateway's own file: configuration, then model.

PURE but for the record's types. Called by `boot` and by `edge.daemon.updates`.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge.update.store import FOLDER, KeptUpdate

MODELS = "models"
_NAME_CHARS = 16


def patches_of(
    outbox: Path, config: KeptUpdate | None, model: KeptUpdate | None
) -> tuple[str, ...]:
    """As `edge.config.load.load` takes them."""
    changed = () if config is None or not config.content else (config.content,)
    return changed if model is None else (*changed, model_patch(outbox, model))


def model_patch(outbox: Path, model: KeptUpdate) -> str:
    """It puts the model's folder into `detect.model`."""
    return json.dumps({"detect": {"model": str(model_folder(outbox, model))}})


def model_folder(outbox: Path, model: KeptUpdate) -> Path:
    """Where an ordered model lies, whole or not at all."""
    return outbox / FOLDER / MODELS / model.digest[:_NAME_CHARS]
