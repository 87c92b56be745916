"""The audit finds what an advisory speaks of, and never calls unknown what is clear."""

from __future__ import annotations

import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tools.build.audit.__main__ import CLEAR, REQUIREMENTS, SHIPPED, UNCHECKED, VULNERABLE, main
from tools.build.audit.advisories import Locked, holes, locked_in

LOCK = """\
pillow==10.0.0 \\
    --hash=sha256:00
Foo_Bar[x]==2.0 ; python_version < '4' \\
    --hash=sha256:00
    # via pillow==1.0
"""


def record(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}
    affected["versions"] = more.pop("versions", [])
    return {"id": "PYSEC-1", "aliases": ["CVE-1"], "summary": "bad", "affected": [affected]} | more


def test_a_lock_names_packages_as_the_index_does() -> None:
    assert locked_in(LOCK) == {Locked("pillow", "10.0.0"), Locked("foo-bar", "2.0")}


def test_every_shipped_lock_is_understood() -> None:
    for name in SHIPPED:
        text = (REQUIREMENTS / f"{name}.lock").read_text()
        pinned = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        assert len(locked_in(text)) == len(pinned) > 0


@pytest.mark.parametrize(
    ("version", "events", "hit"),
    [
        ("10.0.0", [{"introduced": "0"}, {"fixed": "10.0.1"}], True),
        ("10.0.1", [{"introduced": "0"}, {"fixed": "10.0.1"}], False),
        ("9.9", [{"introduced": "10"}, {"fixed": "10.0.1"}], False),
        ("10.10", [{"introduced": "10.9"}, {"fixed": "10.11"}], True),
        ("3", [{"introduced": "0"}, {"last_affected": "3"}], True),
        ("4", [{"introduced": "0"}, {"last_affected": "3"}], False),
        ("5", [{"introduced": "0"}, {"fixed": "2"}, {"introduced": "4"}], True),
        ("2", [{"introduced": "0"}, {"fixed": "1"}, {"fixed": "3"}, {"introduced": "2"}], True),
        ("not a version", [{"introduced": "0"}], True),
    ],
)
def test_ranges(version: str, events: list[dict[str, str]], hit: bool) -> None:
    found = list(holes([Locked("pillow", version)], [record("Pillow", *events)]))
    assert bool(found) is hit


def test_named_versions_count_and_withdrawn_or_foreign_records_do_not() -> None:
    pillow = [Locked("pillow", "1")]
    assert list(holes(pillow, [record("pillow", versions=["1"])]))
    assert not list(holes(pillow, [record("pillow", versions=["1"], withdrawn="2024")]))
    assert not list(holes(pillow, [record("pillow-simd", versions=["1"])]))
    npm = record("pillow", versions=["1"])
    npm["affected"][0]["package"]["ecosystem"] = "npm"
    assert not list(holes(pillow, [npm]))


def test_records_come_from_a_zip_a_folder_or_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(LOCK)
    body = json.dumps(record("pillow", {"introduced": "0"}, {"fixed": "10.0.1"}))
    folder = tmp_path / "osv"
    folder.mkdir()
    (folder / "PYSEC-1.json").write_text(body)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-1.json", body)
    for source in (folder, folder / "PYSEC-1.json", tmp_path / "all.zip"):
        assert main(["--lock", str(lock), "--advisories", str(source)]) == VULNERABLE
        said = capsys.readouterr().out
        assert "pillow 10.0.0: PYSEC-1, CVE-1: bad (fixed in 10.0.1)" in said
        assert "2 of 2 locked packages checked" in said
    (folder / "PYSEC-1.json").write_text(json.dumps(record("other", {"introduced": "0"})))
    assert main(["--lock", str(lock), "--advisories", str(folder)]) == CLEAR
    (folder / "PYSEC-1.json").write_text("{}")
    assert main(["--lock", str(lock), "--advisories", str(folder)]) == UNCHECKED
    assert "holds no record about PyPI" in capsys.readouterr().out


@contextmanager
def an_index(answers: dict[str, object]) -> Iterator[str]:
    """An index that knows these paths."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.get(self.path)).encode()
            self.send_response(200 if self.path in answers else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not on the terminal."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


PILLOW, FOO = "/pypi/pillow/10.0.0/json", "/pypi/foo-bar/2.0/json"
SOUND: dict[str, object] = {"vulnerabilities": []}
BAD: dict[str, object] = {
    "vulnerabilities": [{"id": "PYSEC-1", "aliases": [], "fixed_in": ["11"], "details": "bad"}]
}


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        ({PILLOW: SOUND, FOO: SOUND}, CLEAR, "2 of 2 locked packages checked"),
        ({PILLOW: BAD, FOO: SOUND}, VULNERABLE, "pillow 10.0.0: PYSEC-1: bad (fixed in 11)"),
        ({PILLOW: SOUND}, UNCHECKED, "foo-bar 2.0: NOT CHECKED: the index answered 404"),
        ({PILLOW: SOUND, FOO: {"info": {}}}, UNCHECKED, "says nothing of vulnerabilities"),
        ({PILLOW: SOUND, FOO: ["x"]}, UNCHECKED, "1 of 2 locked packages checked"),
        ({PILLOW: BAD}, VULNERABLE, "foo-bar 2.0: NOT CHECKED"),
    ],
)
def test_silence_is_no_all_clear(
    answers: dict[str, object],
    status: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(LOCK)
    with an_index(answers) as index:
        assert main(["--lock", str(lock), "--index", index]) == status
    assert words in capsys.readouterr().out


def test_an_index_that_nobody_reaches_leaves_everything_unchecked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(LOCK)
    assert main(["--lock", str(lock), "--index", "http://127.0.0.1:9"]) == UNCHECKED
    assert "0 of 2 locked packages checked" in capsys.readouterr().out
