"""`edge state`: the gateway's state saved into one file, and put back from it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from edge.config.live import begin
from edge.storage.backup import BackupError, back_up, restore

REFUSALS: Mapping[type[Exception], str] = {BackupError: "state"}


def command(options: argparse.Namespace) -> int:
    """What was done, in a line."""
    folder = begin(options.config, os.environ).loaded.config.deliver.outbox.path
    if options.action == "backup":
        print(f"{back_up(folder, options.file)} files of {folder} are in {options.file}")
        return 0
    number, before = restore(options.file, folder)
    print(f"{number} files are in {folder}" + (f"; those before in {before}" if before else ""))
    return 0
