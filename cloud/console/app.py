"""The console as one application: its rooms, what guards them, what a refused request gets.

SHELL. Called by `command`, and by tests.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cloud.console import (
    camera,
    editor,
    fleet,
    missed,
    openid_routes,
    people,
    pictures,
    quality,
    sign_in,
    wall,
    work,
)
from cloud.console.accounts import Accounts
from cloud.console.alarm_access import AlarmAccess
from cloud.console.audit_log import AuditLog
from cloud.console.configurations import Configurations
from cloud.console.evidence_links import EvidenceLinks
from cloud.console.fleet_book import FleetBook
from cloud.console.forms import Forms
from cloud.console.guard import ANYBODY, NotSignedIn, guarded, open_session, unguarded
from cloud.console.headers import SecurityHeaders
from cloud.console.live import LiveFeed
from cloud.console.openid import OpenIdProvider
from cloud.console.pages import FOLDER, Pages
from cloud.console.parts import ConsoleParts, OutcomeListener, nobody, pages_of
from cloud.console.sessions import Sessions
from cloud.console.settings import ConsoleSettings
from cloud.console.sign_in_attempts import SignInAttempts
from cloud.console.sites import Sites
from cloud.console.tables import console_key, open_tables
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import cause_of
from cloud.index.desk import AlarmDesk
from objectstore.store import ObjectStore
from service.clock import Clock
from service.events import Event, log

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def open_parts(
    settings: ConsoleSettings,
    index: AlarmIndex,
    alarms: AlarmStore,
    store: ObjectStore,
    book: FleetBook,
    clock: Clock,
    tell: OutcomeListener = nobody,
) -> ConsoleParts:
    """All parts on their databases; `tell` hears each outcome. Raises `AccountsError`."""
    engine = open_tables(settings.accounts, settings.accounts_password_file)
    key = console_key(engine)
    forms = Forms(key, secure=settings.secure)
    links = EvidenceLinks(key, settings.evidence_minutes)
    return ConsoleParts(
        settings=settings,
        clock=clock,
        accounts=Accounts(engine, clock),
        sessions=Sessions(engine, clock, settings.session_hours),
        audit=AuditLog(engine, clock),
        forms=forms,
        pages=Pages(forms),
        links=links,
        store=store,
        access=AlarmAccess(
            index=index,
            sites=Sites(settings),
            links=links,
            configurations=Configurations(settings.configurations),
            clock=clock,
        ),
        desk=AlarmDesk(index, alarms, clock),
        live=LiveFeed(index, clock),
        fleet=book,
        tell=tell,
        attempts=SignInAttempts(),
        provider=_provider(settings, clock),
    )


def create_app(parts: ConsoleParts) -> FastAPI:
    """The application; raises `RuntimeError` for an endpoint that names no roles."""
    app = FastAPI(
        title="Stillwatch console",
        summary="Alarms, and the work on them. `x-roles` says whom an endpoint is for.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.parts = parts
    _add_openapi(app)
    for router in (
        wall.router,
        work.router,
        pictures.router,
        fleet.router,
        camera.router,
        missed.router,
        editor.router,
        quality.router,
        sign_in.router,
        sign_in.welcome_router,
        openid_routes.router,
        people.router,
    ):
        app.include_router(router)
    open_to_all = sorted(unguarded(app))
    if open_to_all:
        raise RuntimeError(f"endpoints without roles: {', '.join(open_to_all)}")
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    app.add_exception_handler(NotSignedIn, _ask_to_sign_in)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(404, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_input)
    for away in (OperationalError, NoConnection):
        app.add_exception_handler(away, _refuse_without_database)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(parts.settings))
    app.add_middleware(SecurityHeaders, secure=parts.settings.secure)
    return app


def _provider(settings: ConsoleSettings, clock: Clock) -> OpenIdProvider | None:
    if settings.oidc is None:
        return None
    return OpenIdProvider(settings.oidc, f"{settings.url}{openid_routes.CALLBACK}", clock)


def _add_openapi(app: FastAPI) -> None:
    @guarded(app.get, "/openapi.json", ANYBODY, include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @guarded(app.get, "/healthz", ANYBODY, tags=["health"])
    def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "ok"}


def _hosts(settings: ConsoleSettings) -> list[str]:
    """Other names are no business of ours: a page elsewhere may have pointed its name at us."""
    return [str(urlsplit(settings.url).hostname), *_LOOPBACK]


def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if request.method == "GET" and not _wants_json(request):
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(asked, safe='')}", 303)
    return JSONResponse({"detail": "sign in first"}, 401)


def _refuse(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    detail = str(getattr(error, "detail", "there is nothing here"))
    return _refusal(request, status, detail)


def _refuse_input(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{one['loc'][-1] if one['loc'] else 'input'}: {one['msg']}" for one in found]
    return _refusal(request, 422, "; ".join(said)[:1000])


def _refuse_without_database(request: Request, error: Exception) -> Response:
    """Nor can it be asked who this is, where that is not known yet."""
    log(Event.DATABASE_AWAY, reason=cause_of(error))
    if not hasattr(request.state, "open_session"):
        request.state.open_session = None
    detail = "The database does not answer: try again. What you sent may not be kept."
    return _refusal(request, 503, detail)


def _refusal(request: Request, status: int, detail: str) -> Response:
    if _wants_json(request):
        return JSONResponse({"detail": detail}, status)
    found = open_session(request)
    person = None if found is None else found.person
    return pages_of(request).page(
        request, "refused.html", person, status=status, code=status, detail=detail
    )


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted
