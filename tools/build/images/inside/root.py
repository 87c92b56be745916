"""Makes the root file system of an image: an interpreter, what it is linked to, and little else.

Runs inside a build with the base's own Python: `root.py ROOT LIBRARIES [--without=NAME] [PATH]`.
Copied are the interpreter, its standard library but for each NAME, the shared libraries that these
and `LIBRARIES` need (as the dynamic loader says), the authorities of the web, and each PATH. Works
for any base that is Debian, wherever its Python lies.
"""

import compileall
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

USER = 10001
HOME = Path("/var/lib/stillwatch")
FOLDERS = {Path("/etc/stillwatch"): 0o755, Path("/run"): 0o755, Path("/tmp"): 0o1777}  # noqa: S108, made here
ALWAYS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/os-release", "/etc/ld.so.conf")
LOADED_BY_NAME = ("libgcc_s.so.1",)
"""glibc opens it when a thread ends."""

UNUSED_STDLIB = {
    *("test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "venv"),
    *("pydoc_data", "site-packages", "dist-packages", "__pycache__"),
    *("sitecustomize.py", "turtle.py", "LICENSE.txt"),
}
UNUSED_MODULES = re.compile(
    r"_(curses|dbm|gdbm|tkinter|test|xx|ctypes_test|codecs_(cn|hk|iso2022|jp|kr|tw)).*\.so"
    r"|(nis|readline|ossaudiodev|xx)\w*\..*so"
)
"""Terminals, old databases and Yellow Pages, and with them the libraries they are linked to; and
East Asian encodings from before Unicode."""

RARELY_RUN = re.compile(r"/(matplotlib|mpl_toolkits|pyparsing|fontTools|PIL|contourpy)/")
"""One drawing a run does not pay for two megabytes of byte code in every pull."""

PASSWD = f"root:x:0:0:root:/:/bin/sh\nstillwatch:x:{USER}:{USER}::{HOME}:/bin/sh\n"
GROUP = f"root:x:0:\nstillwatch:x:{USER}:\n"


def main(root: Path, libraries: Path, without: set[str], extra: Iterable[Path]) -> None:
    """Fill `root`, which must not exist yet."""
    join_usr(root)
    stdlib = Path(sysconfig.get_path("stdlib"))
    interpreter = Path(sys.executable)
    placed = [*place_tree(root, stdlib, without), *place(root, interpreter)]
    for path in [Path(name) for name in ALWAYS] + list(extra):
        placed += place_tree(root, path) if path.is_dir() else place(root, path)
    (root / str(interpreter)[1:]).with_name("python").symlink_to(interpreter.name)
    for library in linked([*placed, *libraries.rglob("*.so*")], libraries):
        placed += place(root, library)
    describe(root, placed)
    furnish(root)
    compile_all(root / str(stdlib)[1:], str(root))
    compile_all(libraries, "")
    subprocess.run(["ldconfig", "-r", str(root)], check=True)
    print(f"{root}: {len(set(placed))} files")


def join_usr(root: Path) -> None:
    """/bin, /lib, ... are links into /usr, as in the base."""
    (root / "usr").mkdir(parents=True)
    for link in sorted(Path("/").iterdir()):
        if link.is_symlink() and str(link.readlink()).startswith("usr/"):
            (root / link.readlink()).mkdir()
            (root / link.name).symlink_to(link.readlink())


def place_tree(root: Path, folder: Path, without: Set[str] = frozenset()) -> Iterator[Path]:
    """`place` for all files of `folder` but those of the standard library that nobody imports."""
    unused = UNUSED_STDLIB | without
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - unused)
        for name in sorted(set(files) - unused):
            module = name.partition(".")[0].removeprefix("_") in without
            if not (module or name.endswith(".a") or UNUSED_MODULES.match(name)):
                yield from place(root, Path(at) / name)


def place(root: Path, path: Path) -> Iterator[Path]:
    """Copy a file to where it lies in the base; of a link, also what it points to."""
    path = path.parent.resolve() / path.name
    target = root / str(path)[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        if not target.is_symlink():
            target.symlink_to(path.readlink())
        yield from place(root, path.parent / path.readlink())
    else:
        shutil.copy2(path, target)
    yield path


def linked(files: Iterable[Path], own: Path) -> list[Path]:
    """The libraries outside of `own` that any of `files` needs; fails if one is missing."""
    programs = [str(path) for path in files if is_elf(path)]
    needed = set(LOADED_BY_NAME)
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    vendored = {path.name for path in own.rglob("*.so*")}  # their users bring the search path
    missing = set(re.findall(r"(\S+) => not found", listed)) - vendored
    if missing:
        raise SystemExit(f"missing libraries: {', '.join(sorted(missing))}")
    paths = {Path(found) for found in re.findall(r"(/\S+) \(0x", listed)}
    by_name = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    for line in by_name.splitlines():
        name, _, path = line.strip().partition(" ")
        if name in needed:
            paths.add(Path(path.rpartition(" ")[2]))
    return sorted(path for path in paths if not path.resolve().is_relative_to(own))


def is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def describe(root: Path, placed: Iterable[Path]) -> None:
    """Which Debian packages the files came from, where scanners look, and their licences."""
    owners = owners_of_files()
    packages = {owners[path] for path in placed if path in owners}
    folder = root / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    for paragraph in Path("/var/lib/dpkg/status").read_text().split("\n\n"):
        name = paragraph.partition("\n")[0].removeprefix("Package: ")
        if name in packages:
            (folder / name).write_text(paragraph.strip() + "\n")
            licence = Path("/usr/share/doc") / name / "copyright"
            if licence.exists():
                list(place(root, licence))


def owners_of_files() -> dict[Path, str]:
    """Package by the real path of each installed file."""
    owners = {}
    for listing in Path("/var/lib/dpkg/info").glob("*.list"):
        package = listing.stem.partition(":")[0]
        for line in listing.read_text().splitlines():
            path = Path(line)
            if path.is_file():
                owners[path.parent.resolve() / path.name] = package
    return owners


def furnish(root: Path) -> None:
    """Users, name resolution and the few folders that a program expects."""
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    conf = Path("/etc/ld.so.conf.d")
    for file in sorted(conf.iterdir()) if conf.is_dir() else []:
        list(place(root, file))
    for folder, mode in FOLDERS.items():
        (root / str(folder)[1:]).mkdir(parents=True, exist_ok=True)
        (root / str(folder)[1:]).chmod(mode)
    home = root / str(HOME)[1:]
    home.mkdir(parents=True)
    os.chown(home, USER, USER)


def compile_all(folder: Path, strip: str) -> None:
    """Byte code that is never checked against its source: both are read-only, and equal sources
    give equal images."""
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=strip or None,
        rx=RARELY_RUN,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    options = [one for one in sys.argv[3:] if one.startswith("--without=")]
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        {one.partition("=")[2] for one in options},
        [Path(one) for one in sys.argv[3:] if one not in options],
    )
