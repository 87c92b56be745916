"""`python -m tools.build.schemas [--check]`: JSON Schemas of every message, in docs/schemas.

Generated from the models of `contract`, for whoever writes the other end in another language.
"""

import argparse
import json
import sys
from pathlib import Path

from contract.more import More
from contract.report import ThreatReport, Wire
from contract.verdict import Verdict

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "schemas"
MODELS: dict[str, type[Wire]] = {
    "threat-report-v1": ThreatReport,
    "verdict-v1": Verdict,
    "more-v1": More,
}


def schema_text(model: type[Wire]) -> str:
    """The JSON Schema of a message's `data` as it is written to disk."""
    return json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether they are fresh")
    check = parser.parse_args().check
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, model in MODELS.items():
        path = FOLDER / f"{name}.schema.json"
        text = schema_text(model)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"stale: {', '.join(stale)}; run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
