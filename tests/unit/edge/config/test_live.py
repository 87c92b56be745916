"""The last good configuration: kept whole, used loudly."""

from pathlib import Path

import pytest

from edge.config.live import LAST_GOOD, Live, begin, keep
from edge.config.load import read
from edge.errors import ConfigError


def write(folder: Path, extra: str = "") -> Path:
    file = folder / "edge.yaml"
    file.write_text(f"deliver: {{outbox: {{path: {folder}/outbox}}}}\n{extra}")
    return file


def test_a_valid_file_is_what_runs(tmp_path: Path) -> None:
    start = begin(write(tmp_path, "gateway: {id: here}"), {})
    assert start.loaded.config.gateway.id == "here"
    assert start.refused == ()


def test_an_invalid_file_means_the_last_good_one_and_every_reason(tmp_path: Path) -> None:
    environ = {"STILLWATCH__GATE__MIN_DIFF": "33"}
    good = begin(write(tmp_path, "gateway: {id: here}"), environ).loaded
    keep(good)
    start = begin(write(tmp_path, "gateway: {id: There}\nx: 1"), environ)
    assert start.loaded.config == good.config
    assert start.loaded.sha256 == good.sha256
    assert [problem.path for problem in start.refused] == ["gateway.id", "x"]


def test_the_last_good_one_is_found_by_the_environment_too(tmp_path: Path) -> None:
    environ = {"STILLWATCH__DELIVER__OUTBOX__PATH": str(tmp_path / "outbox")}
    keep(read(b"gateway: {id: here}", environ))
    broken = tmp_path / "broken.yaml"
    broken.write_text("[")
    assert begin(broken, environ).loaded.config.gateway.id == "here"


def test_with_neither_there_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gateway\.id"):
        begin(write(tmp_path, "gateway: {id: There}"), {})


def test_a_last_good_one_that_is_bad_itself_adds_its_reasons(tmp_path: Path) -> None:
    file = write(tmp_path, "gateway: {id: There}")
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / LAST_GOOD).write_text('{"gone": 1}')
    with pytest.raises(ConfigError, match=f"{LAST_GOOD}: gone"):
        begin(file, {})


def test_a_torn_write_leaves_the_last_good_one_whole(tmp_path: Path) -> None:
    good = begin(write(tmp_path, "gateway: {id: here}"), {}).loaded
    keep(good)
    (tmp_path / "outbox" / f"{LAST_GOOD}.part").write_text('{"gateway": {"i')
    start = begin(write(tmp_path, "x: 1"), {})
    assert start.loaded.config.gateway.id == "here"
    keep(start.loaded)
    assert sorted(file.name for file in (tmp_path / "outbox").iterdir()) == [LAST_GOOD]


def test_swapping_puts_another_one_in_force() -> None:
    live = Live(read(b"", {}))
    other = read(b"gateway: {id: other}", {})
    live.swap(other)
    assert live.current is other


def test_a_flipped_bit_in_the_last_good_one_is_known_though_it_would_be_valid(
    tmp_path: Path,
) -> None:
    keep(begin(write(tmp_path, "gateway: {id: here}"), {}).loaded)
    kept = tmp_path / "outbox" / LAST_GOOD
    kept.write_bytes(kept.read_bytes().replace(b'"here"', b'"hera"'))
    with pytest.raises(ConfigError, match="its digest differs"):
        begin(write(tmp_path, "x: 1"), {})


def test_one_kept_by_an_older_program_has_no_digest_and_holds(tmp_path: Path) -> None:
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / LAST_GOOD).write_text('{"gateway": {"id": "elder"}}')
    assert begin(write(tmp_path, "x: 1"), {}).loaded.config.gateway.id == "elder"


def test_what_is_kept_already_is_not_written_again(tmp_path: Path) -> None:
    good = begin(write(tmp_path), {}).loaded
    keep(good)
    kept = tmp_path / "outbox" / LAST_GOOD
    before = kept.stat()
    keep(good)
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_in_its_place_is_put_aside(tmp_path: Path) -> None:
    kept = tmp_path / "outbox" / LAST_GOOD
    (kept / "lost+found").mkdir(parents=True)
    keep(begin(write(tmp_path, "gateway: {id: here}"), {}).loaded)
    assert begin(write(tmp_path, "x: 1"), {}).loaded.config.gateway.id == "here"
    assert kept.with_name(f"{LAST_GOOD}.corrupt-1").is_dir()
