"""The console's image: pages and notifications without TensorFlow, locked up as any other."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from tests.images.containers import ALONE, LOCKED_UP, STATE, memory, python
from tests.processes import accepts, child, free_port, until
from tools.build.images.engine import Engine


def test_the_console_image_has_no_network_to_run_but_all_that_it_serves_with(
    engine: Engine, console: str
) -> None:
    code = """
import importlib.util
absent = ("tensorflow", "edge", "pip")
present = ("fastapi", "sqlalchemy", "alembic", "psycopg", "argon2", "authlib", "pywebpush")
print([name for name in absent if importlib.util.find_spec(name)])
print([name for name in present if not importlib.util.find_spec(name)])
import psycopg, pywebpush, sqlite3
"""
    assert python(engine, console, code).split("\n")[:2] == ["[]", "[]"]


def test_the_console_image_lists_what_notifies(engine: Engine, console: str) -> None:
    assert "status" in engine.podman("run", *ALONE, *memory(200), console, "notify", "--help")


def test_the_console_serves_its_first_page_from_a_locked_container(
    engine: Engine, console: str, tmp_path: Path
) -> None:
    port = free_port()
    volume = f"--volume=console-{port}:{STATE}"
    store = f"--store=dir:{STATE}/evidence"
    listen = ["console", "serve", store, f"--listen=127.0.0.1:{port}"]
    options = [*LOCKED_UP, *memory(300), "--network=host", volume]
    command = [str(engine.folder / "podman"), "run", *options, console, *listen]
    log = tmp_path / "console.log"
    with child(command, log, patience_s=30) as process:
        until(lambda: accepts(port), process, log)
        assert "/welcome/" in log.read_text()
        page = f"http://127.0.0.1:{port}/sign-in"
        with urllib.request.urlopen(page, timeout=10) as answer:
            assert "Stillwatch" in answer.read().decode()
