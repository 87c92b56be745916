"""Is a rebuild the same as what is there? Byte by byte, or only in use?"""

from __future__ import annotations

from pathlib import Path

from imaging.manifest import MANIFEST_FILE, read_manifest
from tools.build.models.shipped import SHIPPED, Shipped


def print_comparison(built: Path, present: Path) -> None:
    """One line per model; both folders may lack models."""
    for model in SHIPPED:
        print(f"{model.name:24}{_compared(model, built, present)}")


def _compared(model: Shipped, built: Path, present: Path) -> str:
    if not (present / model.name / MANIFEST_FILE).is_file():
        return "new"
    new, old = (read_manifest(root / model.name).sha256 for root in (built, present))
    if new == old:
        return "byte-identical to the one there"
    return "differs in bytes from the one there; agrees within the tolerance"
