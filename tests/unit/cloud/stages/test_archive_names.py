"""The grammar of archive names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.stages.naming import archive_name, parse_name


@given(st.from_regex(r"[a-z0-9_-]{1,64}", fullmatch=True), st.integers(0, 9_999_999_999))
def test_every_device_and_time_reads_back(device: str, unix_s: int) -> None:
    named = parse_name(f"{device}_{unix_s}.jpg")
    assert named is not None
    assert (named.device, named.unix_s, named.text) == (device, unix_s, f"{device}_{unix_s}.jpg")


def test_a_device_may_have_underscores_and_its_day_is_in_utc() -> None:
    named = archive_name("back_yard_2_1714608000.jpg")
    assert (named.device, named.folder) == ("back_yard_2", "back_yard_2/2024-05-02")


@pytest.mark.parametrize(
    "name",
    [
        "gate.jpg",
        "_1714564800.jpg",
        "gate_.jpg",
        "gate_01714564800.jpg",
        "gate_17145648000.jpg",
        "gate_1714564800.5.jpg",
        "gate_-1.jpg",
        "gate_1714564800.jpeg",
        "gate_1714564800.JPG",
        "gate_1714564800-0123456789abcde.jpg",
        "gate_1714564800-0123456789ABCDEF.jpg",
        "gate_1714564800.jpg\n",
        "Gate_1714564800.jpg",
        "g.te_1714564800.jpg",
        "../gate_1714564800.jpg",
        "gate_\u0661.jpg",
        "x" * 65 + "_1.jpg",
        "",
    ],
)
def test_anything_else_is_no_archive_name(name: str) -> None:
    assert parse_name(name) is None
    with pytest.raises(ValueError, match="is not <device>_<unix time>"):
        archive_name(name)
