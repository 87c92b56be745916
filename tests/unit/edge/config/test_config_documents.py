"""What explains the configuration: the example, the reference, `check-config`."""

import re
from pathlib import Path

import pytest

from edge.cli.check_config import check
from edge.config.document import documents, example
from edge.config.footprint import typical, worst_case
from edge.config.load import leaves, load, read
from edge.config.schema import EdgeConfig
from edge.errors import ConfigError

HERE = "python -m edge.config.document"


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_the_generated_files_are_fresh(path: Path) -> None:
    assert path.read_text() == documents()[path], f"stale: run {HERE}"


def test_the_example_loads_to_exactly_the_defaults() -> None:
    assert read(example().encode(), {}).config == EdgeConfig()


def test_the_example_shows_every_key() -> None:
    text, shown = example(), {key.split(".")[-1] for key in leaves(EdgeConfig())}
    assert {name for name in shown if not re.search(rf"\b{name}:", text)} == set()


def test_what_the_example_offers_to_switch_on_is_valid() -> None:
    switched_on = example()
    for _ in range(2):
        switched_on = re.sub(r"(?m)^( *)# ", r"\1", switched_on)
    with pytest.raises(ConfigError) as caught:
        read(switched_on.encode(), {})
    assert ["store" in c.problem for c in caught.value.problems] == [True]
    without_dir = re.sub(r"(?m)^  store:\n(    .*\n)*", "", switched_on, count=1)
    config = read(without_dir.encode(), {}).config
    assert config.deliver.store.type == "s3"
    assert config.deliver.uplink is not None
    assert config.cameras["gate"].zones[0].id == "drive"


def test_check_config_shows_value_origin_and_memory(tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("gateway: {id: here}")
    text, status = check(file, {"STILLWATCH__GATE__MIN_DIFF": "33"})
    assert status == 0
    assert re.search(r"(?m)^gateway\.id +file +here$", text)
    assert re.search(r"(?m)^gate\.min_diff +environment +33$", text)
    assert re.search(r"(?m)^gate\.linger_s +default +2\.0$", text)
    assert re.search(r"(?m)^  together +\d+ +\d+$", text)
    assert len(text.splitlines()) > len(leaves(load(file, {}).config))


def test_check_config_says_every_problem_and_exits_78(tmp_path: Path) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text("x: 1\ny: 2")
    text, status = check(file, {})
    assert status == 78
    assert "2 problems" in text
    assert "x: unknown key" in text
    assert "y: unknown key" in text


def test_memory_grows_with_what_is_allowed() -> None:
    small = read(b"intake: {max_cameras: 1, limits: {max_bytes: 1000}}", {}).config
    assert worst_case(small).total_bytes < worst_case(EdgeConfig()).total_bytes
    assert typical(EdgeConfig()).total_bytes < worst_case(EdgeConfig()).total_bytes
    assert worst_case(EdgeConfig()).parts["mailbox"] == 32 * 2_000_000
