"""Takes out of an installed library folder what no image needs at run time.

Runs inside a build with the base's own Python: `prune.py FOLDER [DISTRIBUTION ...]`; the
distributions named are removed whole. What is left must still work: the images' tests say so.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

NEVER_IMPORTED = (
    "**/tests",
    "bin",
    "include",
    "share",
    "numpy/f2py",
    "numpy/distutils",
    "numpy/doc",
    "numpy/core/include",
    "numpy/core/lib",
    "numpy/core/_simd.*",
    "cv2/data/*.xml",
    "boto3/examples",
    "boto3/data/*",
    # time zones for a system without any; the image has its own, or the package tzdata
    "dateutil/zoneinfo/*.tar.gz",
    # other hardware's compilers, converters and a browser's accelerator
    "ai_edge_litert/vendors",
    "ai_edge_litert/tools",
    "ai_edge_litert/aot",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.*",
    "packaging/licenses",
    "pydantic/v1",
    "tensorflow/include",
    # matplotlib draws one PNG without a display, in its own sans-serif
    "matplotlib/testing",
    "matplotlib/sphinxext",
    "matplotlib/backends/web_backend",
    "matplotlib/backends/_[!b]*.so",
    "matplotlib/backends/backend_[!a]*",
    "matplotlib/backends/qt_editor",
    "matplotlib/mpl-data/fonts/afm",
    "matplotlib/mpl-data/fonts/pdfcorefonts",
    "matplotlib/mpl-data/fonts/ttf/cm*",
    "matplotlib/mpl-data/fonts/ttf/STIX*",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSerif*",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSans[DM]*",
    "matplotlib/mpl-data/fonts/ttf/*Oblique*",
    "matplotlib/mpl-data/fonts/ttf/*Bold*",
    "matplotlib/mpl-data/images",
    "matplotlib/mpl-data/plot_directive",
    "matplotlib/mpl-data/sample_data",
    "fontTools/[!_am]*",
    "fontTools/merge",
    "fontTools/mtiLib",
    "fontTools/misc/[!_tl]*",
    "PIL/_avif.*",
    "PIL/_imagingcms.*",
    "PIL/_imagingft.*",
    "PIL/_webp.*",
    "pillow.libs/libavif*",
    "pillow.libs/libfreetype*",
    "pillow.libs/libharfbuzz*",
    "pillow.libs/liblcms2*",
    "pillow.libs/libwebp[dm]*",
)
SOURCES = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "*.a", "*.lib", "*.proto", "py.typed")
INSTALLER_NOTES = ("RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json")
"""Of each distribution; its name, version, entry points and licences stay."""

BOTOCORE_SERVICES = {"s3", "sts"}
"""Objects, and the identity of a workload; the other 400 services' descriptions are dropped."""


def main(folder: Path, unwanted: Iterable[str]) -> None:
    """Prune `folder` in place and say how much went."""
    before = size_of(folder)
    for name in unwanted:
        remove_distribution(folder, name)
    for pattern in NEVER_IMPORTED:
        remove_all(folder.glob(pattern))
    remove_all(other_services(folder / "botocore" / "data"))
    for pattern in SOURCES:
        remove_all(folder.rglob(pattern))
    for info in folder.glob("*.dist-info"):
        remove_all(info / note for note in INSTALLER_NOTES)
    print(f"{folder}: {before / 1e6:.0f} MB, pruned to {size_of(folder) / 1e6:.0f} MB")


def remove_distribution(folder: Path, name: str) -> None:
    """Every file of the distribution `name`; fails if it is not installed."""
    found = [d for d in distributions(path=[str(folder)]) if plain(d.name) == plain(name)]
    if not found:
        raise SystemExit(f"{name} is not installed in {folder}; correct the Dockerfile")
    for top in tops(found[0]):
        remove_all([folder / top])


def tops(distribution: Distribution) -> set[str]:
    """The first two levels of what it installed, so that namespace packages keep the others."""
    paths = [path.parts for path in distribution.files or () if ".." not in path.parts]
    return {"/".join(parts[:2] if parts[0] in {"google"} else parts[:1]) for parts in paths}


def other_services(data: Path) -> Iterator[Path]:
    if data.is_dir():
        yield from (
            path for path in data.iterdir() if path.is_dir() and path.name not in BOTOCORE_SERVICES
        )


def remove_all(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
