"""Reports read from files, and why one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.confirm.offline import CannotRun, read_report_file
from contract.cloudevent import frame_report
from tests.unit.cloud.reports import a_report


def written(folder: Path, content: bytes) -> Path:
    file = folder / "report.json"
    file.write_bytes(content)
    return file


def test_a_report_may_be_bare_or_a_cloud_event(tmp_path: Path) -> None:
    bare = read_report_file(written(tmp_path, a_report().model_dump_json().encode()))
    framed = read_report_file(written(tmp_path, frame_report(a_report())))
    assert bare == framed == a_report()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"[1, 2]", "type 'list'"),
        (b"{}", "type None"),
        (b'{"report_id": "nobody"}', "report_id: "),
        (b'{"report_id": "a.b.1.1.1", "x": "' + b"y" * 65536 + b'"}', "over 65536"),
        (b"\xff\xfe\x00", "no JSON"),
    ],
)
def test_what_is_no_report_is_named_with_its_file(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(CannotRun, match=r"report\.json is not usable: ") as caught:
        read_report_file(written(tmp_path, content))
    assert said in str(caught.value)
