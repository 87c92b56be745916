"""Pages from templates: every value is escaped, a name that is missing is a defect.

SHELL (reads the templates once). Called by the endpoints.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cloud.console.forms import FIELD, Forms
from cloud.console.roles import ADMINS, PROPOSERS, READERS, WORKERS, Person

FOLDER = Path(__file__).parent
_LINKS = (
    ("/", "Wall", READERS),
    ("/cameras", "Cameras", READERS),
    ("/fleet", "Fleet", READERS),
    ("/quality", "Quality", READERS),
    ("/shift", "Shift", WORKERS),
    ("/people", "People", ADMINS),
    ("/audit", "Audit", ADMINS),
)
_GROUPS = {"readers": READERS, "workers": WORKERS, "proposers": PROPOSERS, "admins": ADMINS}


class Pages:
    """Renders `templates/NAME`."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self.templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters |= {
            "percent": percent,
            "moment": moment,
            "when": when,
            "hour": hour,
        }

    def page(
        self,
        request: Request,
        name: str,
        person: Person | None,
        /,
        *,
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """The page for who is signed in, or nobody; its forms carry the token."""
        signed = self._forms.token_for(request)
        hidden = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, signed)
        text = self.templates.get_template(name).render(
            person=person,
            path=request.url.path,
            form_token=signed,
            ours=lambda: hidden,
            links=[(href, word) for href, word, of in _LINKS if person and person.may(of)],
            may={key: person is not None and person.may(of) for key, of in _GROUPS.items()},
            **values,
        )
        response = HTMLResponse(text, status)
        self._forms.keep_visitor(request, response)
        return response


def percent(share: float) -> str:
    """A share 0..1 in whole percent."""
    return f"{share:.0%}"


def moment(at: datetime | None) -> str:
    """In UTC; browsers show the reader's own time instead."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def when(at: datetime | str | None) -> Markup | str:
    """The same as an element that browsers turn into the reader's own time. A text is a time as
    somebody else wrote it; one that cannot be read stays as it is."""
    if at is None:
        return "-"
    try:
        known = datetime.fromisoformat(at) if isinstance(at, str) else at
        shown = moment(known)
    except (ValueError, OverflowError):
        return str(at)
    if known.tzinfo is None:
        return str(at)
    return Markup('<time datetime="{}">{}</time>').format(known.isoformat(), shown)


def hour(at: datetime) -> str:
    """Only the time of day, in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"
