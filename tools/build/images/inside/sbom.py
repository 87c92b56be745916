"""Writes what an image is made of, as CycloneDX 1.5 JSON.

Called inside a build by `finish`. Python distributions, Debian packages and models with their
hashes. No time and no random number stands in it: equal contents give an equal file.
"""

import json
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from importlib.metadata import distributions
from pathlib import Path

LICENCE_KEYS = ("License-Expression", "License")

Component = dict[str, object]


def main(file: Path, name: str, version: str, sources: tuple[Path, Path, Path]) -> None:
    """Write the list; a source that does not exist has nothing in it."""
    libraries, status, models = sources
    parts = [*of_libraries(libraries), *of_debian(status), *of_models(models)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": name,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": sorted(parts, key=lambda part: str(part["bom-ref"])),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{file}: {len(parts)} components")


def of_libraries(folder: Path) -> Iterator[Component]:
    """Python distributions."""
    for found in distributions(path=[str(folder)]):
        plain = found.name.lower().replace("_", "-").replace(".", "-")
        about = found.metadata
        licence = next((about[key] for key in LICENCE_KEYS if key in about), "")
        yield component(f"pkg:pypi/{plain}@{found.version}", found.name, found.version, licence)


def of_debian(folder: Path) -> Iterator[Component]:
    """Debian packages of which at least a file is in the image."""
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        about: Message = Parser().parsestr(file.read_text())
        name, version, arch = (str(about[key]) for key in ("Package", "Version", "Architecture"))
        escaped = version.replace("+", "%2B").replace(":", "%3A").replace("~", "%7E")
        yield component(f"pkg:deb/debian/{name}@{escaped}?arch={arch}", name, version, "")


def of_models(folder: Path) -> Iterator[Component]:
    """Networks, by their manifests."""
    for file in sorted(folder.glob("*/manifest.json")):
        about = json.loads(file.read_text())
        found = component(f"model:{about['name']}", about["name"], "", about["licence"]["spdx"])
        found["type"] = "machine-learning-model"
        found["hashes"] = [{"alg": "SHA-256", "content": about["sha256"]}]
        yield found


def component(ref: str, name: str, version: str, licence: str) -> Component:
    """`licence` as its authors wrote it; a whole text is left to the image's own files."""
    found: Component = {"type": "library", "bom-ref": ref, "name": name}
    if version:
        found["version"] = version
    if ref.startswith("pkg:"):
        found["purl"] = ref
    if licence and len(licence) < 100 and "\n" not in licence:
        found["licenses"] = [{"license": {"name": licence}}]
    return found
