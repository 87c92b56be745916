"""The state of a gateway in one file, and back: outbox, static objects, switches, identity.

SHELL. Only while no daemon has the outbox, which is asked of SQLite's own lock. Every file stands
in a manifest with its hash; a restore checks all of it beside the folder before it puts it in its
place, and sets aside what was there. Keys are among it, so the file is for its owner alone. Called
by `edge.cli.state`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

from edge.storage.state_files import NOT_COPIED, StateFile
from service.durable import sync_folder

MANIFEST = "MANIFEST.json"

MOST_FILES = 200_000
MOST_BYTES = 20_000_000_000
"""More of either is no backup of ours: an outbox is bounded far below."""


class BackupError(Exception):
    """It cannot be done; the text says why, and what to do."""


def back_up(folder: Path, out: Path) -> int:
    """All files below `folder` as the archive `out` (tar, gzip, mode 0600); how many."""
    if not folder.is_dir():
        raise BackupError(f"there is no state in {folder}")
    partial = out.with_name(f".{out.name}.part")
    try:
        with _alone(folder):
            files = list(_files(folder))
            manifest = {name: _sha256(folder / name) for name in files}
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:  # noqa: PTH123, a descriptor
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                    _add_manifest(archive, manifest)
                    for name in files:
                        archive.add(folder / name, arcname=name, recursive=False)
                file.flush()
                os.fsync(file.fileno())
        partial.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise BackupError(f"cannot write {out}: {error}") from error
    return len(files)


def restore(archive: Path, folder: Path) -> tuple[int, Path | None]:
    """The state of `archive` in the place of `folder`; how many files, and where the one before is
    now. Whatever fails, `folder` is as it was."""
    beside = folder.with_name(f".{folder.name}.restored")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True, mode=0o700)
        number = _unpack(archive, beside)
        with _alone(folder):
            before = _put_in_place(beside, folder)
    except (OSError, EOFError, tarfile.TarError, ValueError, zlib.error) as error:
        raise BackupError(f"{archive} is not restored: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return number, before


def _unpack(archive: Path, into: Path) -> int:
    with tarfile.open(archive, mode="r:gz") as opened:
        first = opened.next()
        found = opened.extractfile(first) if first and first.name == MANIFEST else None
        if found is None:
            raise BackupError(f"{archive} is no backup of a gateway: it has no manifest")
        manifest: object = json.loads(found.read(MOST_FILES * 200))
        if not isinstance(manifest, dict) or len(manifest) > MOST_FILES:
            raise BackupError(f"{archive} has no manifest that can be read")
        _extract(opened, into)
    found_now = {name: _sha256(into / name) for name in _files(into)}
    if found_now != manifest:
        odd = sorted(found_now.items() ^ manifest.items())[0][0]
        raise BackupError(f"{archive} is damaged: {odd} is not what the manifest says")
    return len(found_now)


def _extract(opened: tarfile.TarFile, into: Path) -> None:
    left, number = MOST_BYTES, 0
    while (member := opened.next()) is not None:
        left, number = left - member.size, number + 1
        if number > MOST_FILES or left < 0 or not member.isreg():
            raise BackupError(f"{member.name[:100]!r} is no file of a backup, or one too many")
        opened.extract(member, into, filter="data")
        (into / member.name).chmod(0o600)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While no daemon can have the outbox; what is in its log of writes comes into the file."""
    file = folder / StateFile.OUTBOX
    if not file.is_file():
        yield
        return
    with closing(sqlite3.connect(file, isolation_level=None, timeout=1.0)) as connection:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BackupError(
                f"{file} is in use: stop the daemon first (systemctl stop stillwatch-edge): {error}"
            ) from error
        except sqlite3.DatabaseError:
            pass  # damaged: it is kept as it is, for the daemon reads what can be read
        yield


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        shared = path.name.endswith("-shm")  # SQLite makes it again, as it does an empty log
        empty = path.name.endswith("-wal") and not path.stat().st_size
        name = path.relative_to(folder)
        stays = name.parts[0] in NOT_COPIED
        if path.is_file() and not (path.is_symlink() or shared or empty or stays):
            yield name.as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_manifest(archive: tarfile.TarFile, manifest: dict[str, str]) -> None:
    body = json.dumps(manifest, sort_keys=True).encode()
    member = tarfile.TarInfo(MANIFEST)
    member.size, member.mode = len(body), 0o600
    archive.addfile(member, io.BytesIO(body))


def _put_in_place(beside: Path, folder: Path) -> Path | None:
    """Where `folder` is now, if there was one. All is on the disk before its name is."""
    os.sync()
    before = None
    if folder.exists():
        names = (folder.with_name(f"{folder.name}.before-{number}") for number in count(1))
        before = folder.rename(next(name for name in names if not name.exists()))
    try:
        beside.rename(folder)
    except OSError:
        if before is not None:
            before.rename(folder)
        raise
    sync_folder(folder.parent)
    return before
