"""Home Assistant as an oracle: what it makes of our messages, where its environment stands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHON = CHECKOUT / ".venv-home-assistant" / "bin" / "python"
ORACLE = CHECKOUT / "tests" / "integration" / "home_assistant_oracle.py"

needs_oracle = pytest.mark.skipif(
    not PYTHON.exists(), reason="no environment with Home Assistant here: make home-assistant"
)


def ask(
    messages: Mapping[str, str], said: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """By topic of the message and name of the entity: `config`, `states`, `availability`."""
    asked = json.dumps({"messages": dict(messages), "said": {t: [*w] for t, w in said.items()}})
    done = subprocess.run(
        [PYTHON, "-W", "ignore", ORACLE],
        input=asked,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, dict[str, dict[str, Any]]] = json.loads(done.stdout)
    return answer
