"""No input, whether the OpenAPI file lets it through or not, makes the console fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, Case
from schemathesis.core.result import Ok

from cloud.console.app import create_app
from cloud.console.roles import PersonRole
from tests.consoles import add_person, browser, enter, parts_in, serving
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet

EXAMPLES = 6
PATIENCE_S = 30
LEFT_OUT = {"/live", "/sign-out"}
"""One never ends, the other would end the session of all that follow."""


def ask_often(
    operation: APIOperation[Any, Any, Any, Any], url: str, headers: dict[str, str]
) -> None:
    """Every generated request gets an answer that is no defect, as somebody who is signed in."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=url, headers=headers, timeout=PATIENCE_S, allow_redirects=False)
        assert answer.status_code < 500, (case.method, case.formatted_path, case.body)
        assert answer.status_code != 401 or operation.path == "/sign-in"

    ask()


def test_no_generated_request_gets_an_answer_of_500_or_more(tmp_path: Path) -> None:
    clock = ManualClock()
    parts = parts_in(tmp_path, clock)
    raise_alarm(parts, 1, clock.now())
    retain_fleet(parts.fleet, clock.now())
    app = create_app(parts)
    client = browser(app)
    token = enter(client, parts, add_person(parts, "ada", PersonRole.ADMIN))
    name = parts.forms.session_cookie
    headers = {"X-Form-Token": token, "Cookie": f"{name}={client.cookies[name]}"}
    schema = schemathesis.openapi.from_dict(app.openapi())
    asked: set[str] = set()
    with serving(app) as url:
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()
            if operation.path not in LEFT_OUT:
                ask_often(operation, url, headers)
                asked.add(f"{operation.method.upper()} {operation.path}")
    assert len(asked) > 20
    assert {"POST /alarms/{report_id}/act", "GET /api/alarms"} <= asked
