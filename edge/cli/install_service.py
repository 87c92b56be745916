"""`edge install-service`: the daemon as a systemd service, or its unit alone, or taken away."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from edge.service_unit.gathering import ServiceRefused, gather
from edge.service_unit.installation import (
    FOLDER,
    SHIPPED,
    UNIT,
    InstallationFailed,
    install,
    present,
    refuse_edited,
    require_systemd,
    uninstall,
)
from edge.service_unit.unit import STATE, rendered
from imaging.manifest import ModelError

REFUSALS: Mapping[type[Exception], str] = {ServiceRefused: "service", ModelError: "model"}


def command(options: argparse.Namespace) -> int:
    """Says each step; 1 where the machine or a person's unit is in the way."""
    try:
        _uninstall(options) if options.uninstall else _install(options)
    except InstallationFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _install(options: argparse.Namespace) -> None:
    """The configuration is checked before anything else."""
    gathered = gather(options.config, os.environ)
    unit = rendered(SHIPPED.read_text(encoding="utf-8"), gathered.paths)
    if options.dry_run:
        _show(unit, options.force)
        told = sys.stderr
    else:
        require_systemd(os.geteuid())
        for step in install(unit, options.force):
            print(step, flush=True)
        told = sys.stdout
    for remark in gathered.remarks:
        print(f"note: {remark}", file=told)


def _show(unit: str, force: bool) -> None:
    """The unit on stdout, so that it can be piped; what would become of it on stderr."""
    print(unit, end="")
    if not force:
        refuse_edited(present(FOLDER), unit, FOLDER)
    print(f"would write {FOLDER / UNIT}, enable and start it", file=sys.stderr)


def _uninstall(options: argparse.Namespace) -> None:
    """Needs no configuration: it may be gone already."""
    shipped = SHIPPED.read_text(encoding="utf-8")
    if options.dry_run:
        if not options.force:
            refuse_edited(present(FOLDER), shipped, FOLDER)
        print(f"would stop and disable the service, and remove {FOLDER / UNIT}")
        return
    require_systemd(os.geteuid())
    for step in uninstall(shipped, options.force):
        print(step, flush=True)
    print(f"the state in {STATE} and the configuration stay; so do drop-ins in {FOLDER}/{UNIT}.d")
