"""A validation error is named by its place."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from contract.report import ThreatReport
from contract.validation_errors import first_error


@pytest.mark.parametrize(
    ("text", "within", "said"),
    [
        ('{"report_id": 7}', None, "report_id: Input should be a valid string"),
        ('{"report_id": 7}', "data", "data.report_id: Input should be a valid string"),
        ("[]", "data", "data: Input should be an object"),
        ("[]", None, "Input should be an object"),
    ],
)
def test_an_error_stands_behind_its_path(text: str, within: str | None, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ThreatReport.model_validate_json(text)
    assert first_error(refused.value, within) == said
