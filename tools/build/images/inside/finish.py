"""Makes copied sources an installed program: its version on record, byte code, list of parts.

Runs inside a build with the base's own Python: `finish.py NAME PYPROJECT HOME ROOT`, where HOME has
`app` (packages), `lib` (their libraries) and perhaps `models`, and ROOT is what `root.py` made.
"""

import sys
import tomllib
from pathlib import Path

from tools.build.images.inside import sbom
from tools.build.images.inside.root import compile_all


def main(name: str, pyproject: Path, home: Path, root: Path) -> None:
    """Finish HOME in place; `app/sbom.cdx.json` says what the image is made of."""
    project = tomllib.loads(pyproject.read_text())["project"]
    app, version = home / "app", str(project["version"])
    info = app / f"{project['name']}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    )
    compile_all(app, "")
    sources = (home / "lib", root / "var/lib/dpkg/status.d", home / "models")
    sbom.main(app / "sbom.cdx.json", name, version, sources)
    for path in home.rglob("*"):  # whatever the umask of the checkout was
        path.chmod(0o755 if path.is_dir() else 0o644)


if __name__ == "__main__":
    main(sys.argv[1], *(Path(name) for name in sys.argv[2:5]))
