"""The console's parts, as endpoints ask for them one by one.

SHELL. `create_app` puts them into the application's state; an endpoint names those it takes, and
FastAPI hands them in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from cloud.console.accounts import Accounts
from cloud.console.alarm_access import AlarmAccess
from cloud.console.audit_log import AuditLog
from cloud.console.evidence_links import EvidenceLinks
from cloud.console.fleet_book import FleetBook
from cloud.console.forms import Forms
from cloud.console.live import LiveFeed
from cloud.console.openid import OpenIdProvider
from cloud.console.pages import Pages
from cloud.console.sessions import Sessions
from cloud.console.settings import ConsoleSettings
from cloud.console.sign_in_attempts import SignInAttempts
from cloud.index.desk import AlarmDesk
from cloud.index.summary import AlarmSummary
from contract.operator_action import OperatorAction
from objectstore.store import ObjectStore
from service.clock import Clock

OutcomeListener = Callable[[AlarmSummary, OperatorAction], object]
"""Hears with which outcome an alarm was closed; may take some seconds."""


def nobody(_alarm: AlarmSummary, _action: OperatorAction) -> None:
    """Where there is no broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """What an application is made of."""

    settings: ConsoleSettings
    clock: Clock
    accounts: Accounts
    sessions: Sessions
    audit: AuditLog
    forms: Forms
    pages: Pages
    links: EvidenceLinks
    store: ObjectStore
    access: AlarmAccess
    desk: AlarmDesk
    live: LiveFeed
    fleet: FleetBook
    tell: OutcomeListener
    attempts: SignInAttempts
    provider: OpenIdProvider | None


def _parts(request: Request) -> ConsoleParts:
    found: ConsoleParts = request.app.state.parts
    return found


def _settings(request: Request) -> ConsoleSettings:
    return _parts(request).settings


def _clock(request: Request) -> Clock:
    return _parts(request).clock


def _accounts(request: Request) -> Accounts:
    return _parts(request).accounts


def sessions_of(request: Request) -> Sessions:
    """For what is no endpoint."""
    return _parts(request).sessions


def _audit(request: Request) -> AuditLog:
    return _parts(request).audit


def forms_of(request: Request) -> Forms:
    """For what is no endpoint."""
    return _parts(request).forms


def pages_of(request: Request) -> Pages:
    """For what is no endpoint."""
    return _parts(request).pages


def _links(request: Request) -> EvidenceLinks:
    return _parts(request).links


def _store(request: Request) -> ObjectStore:
    return _parts(request).store


def _access(request: Request) -> AlarmAccess:
    return _parts(request).access


def _desk(request: Request) -> AlarmDesk:
    return _parts(request).desk


def _live(request: Request) -> LiveFeed:
    return _parts(request).live


def _tell(request: Request) -> OutcomeListener:
    return _parts(request).tell


def _attempts(request: Request) -> SignInAttempts:
    return _parts(request).attempts


def _provider(request: Request) -> OpenIdProvider:
    """Without one its endpoints are not there."""
    found = _parts(request).provider
    if found is None:
        raise HTTPException(404, "no identity provider is configured")
    return found


def _fleet(request: Request) -> FleetBook:
    return _parts(request).fleet


SettingsPart = Annotated[ConsoleSettings, Depends(_settings)]
ClockPart = Annotated[Clock, Depends(_clock)]
AccountsPart = Annotated[Accounts, Depends(_accounts)]
SessionsPart = Annotated[Sessions, Depends(sessions_of)]
AuditPart = Annotated[AuditLog, Depends(_audit)]
FormsPart = Annotated[Forms, Depends(forms_of)]
PagesPart = Annotated[Pages, Depends(pages_of)]
LinksPart = Annotated[EvidenceLinks, Depends(_links)]
StorePart = Annotated[ObjectStore, Depends(_store)]
AccessPart = Annotated[AlarmAccess, Depends(_access)]
DeskPart = Annotated[AlarmDesk, Depends(_desk)]
LivePart = Annotated[LiveFeed, Depends(_live)]
FleetPart = Annotated[FleetBook, Depends(_fleet)]
TellPart = Annotated[OutcomeListener, Depends(_tell)]
AttemptsPart = Annotated[SignInAttempts, Depends(_attempts)]
ProviderPart = Annotated[OpenIdProvider, Depends(_provider)]
