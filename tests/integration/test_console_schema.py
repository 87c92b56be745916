"""No input, whether the OpenAPI file lets it through or not, makes the console fail."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from tests import databases
from tests.consoles import add_person, browser, enter, parts_in, serving
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm
from tests.retained_fleet import retain_fleet

EXAMPLES = 6
PATIENCE_S = 30
LEFT_OUT = {"/live", "/sign-out"}
"""One never ends, the other would end the session of all that follow."""


ODD = ["all", "mine", "parked", "time", "4", "²", "%", "\0"]
WORDS = st.text(max_size=120) | st.sampled_from(ODD)
"""Of a query that the pages read by themselves, so the OpenAPI file does not name it."""

KEYS = ("site", "camera", "label", "severity", "state", "work", "words", "order")

often = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def ask_often(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    url: str,
    headers: dict[str, str],
) -> None:
    """Every generated request gets an answer that is no defect, as somebody who is signed in."""

    @often
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=url, headers=headers, timeout=PATIENCE_S, allow_redirects=False)
        assert answer.status_code < 500, (case.method, case.formatted_path, case.body)
        assert answer.status_code != 401 or operation.path == "/sign-in"

    with suppress(Unsatisfiable):  # it has nothing that could be wrong
        ask()


@pytest.fixture(params=["sqlite", "postgresql"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> ConsoleParts:
    found = (databases.new_database(request, tmp_path) for _ in range(2))
    clock = ManualClock()
    parts = parts_in(tmp_path, clock, index=next(found), accounts=next(found))
    raise_alarm(parts, 1, clock.now())
    retain_fleet(parts.fleet, clock.now())
    return parts


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_generated_request_gets_an_answer_of_500_or_more(
    parts: ConsoleParts, mode: GenerationMode
) -> None:
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
                ask_often(operation, mode, url, headers)
                asked.add(f"{operation.method.upper()} {operation.path}")
    assert len(asked) > 20
    assert {"POST /alarms/{report_id}/act", "GET /api/alarms"} <= asked


def test_no_address_of_the_wall_gets_an_answer_of_500_or_more(parts: ConsoleParts) -> None:
    client = browser(create_app(parts))
    enter(client, parts, add_person(parts, "ada", PersonRole.ADMIN))
    after = st.builds("{},{},{}".format, st.integers(), st.integers(), WORDS) | WORDS
    queries = st.fixed_dictionaries({}, optional={**dict.fromkeys(KEYS, WORDS), "after": after})

    @settings(often, max_examples=10 * EXAMPLES)
    @given(query=queries)
    def ask(query: dict[str, str]) -> None:
        for path in ("/", "/alarms", "/api/alarms"):
            assert client.get(path, params=query).status_code == 200

    ask()
