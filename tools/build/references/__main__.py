"""`python -m tools.build.references [--check]`: writes the pages, or says which are stale."""

import sys
from pathlib import Path

from service.documents import ROOT, update
from tools.build.references import (
    classes,
    command_line,
    log_events,
    metrics,
    mqtt,
    payloads,
)


def documents() -> dict[Path, str]:
    """What ought to stand in the files, by path."""
    docs = ROOT / "docs"
    return {
        docs / "mqtt.md": mqtt.page(),
        docs / "metrics.md": metrics.page(),
        docs / "command-line.md": command_line.page(),
        docs / "classes.md": classes.page(),
        docs / "payloads.md": payloads.page(),
        docs / "events.md": log_events.page(),
    }


if __name__ == "__main__":
    sys.exit(update(documents(), sys.argv[1:]))
