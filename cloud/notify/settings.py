"""The `notify` section: sites, rules, and what all destinations have in common.

Read through `cloud.settings`. Destinations stand by kind and name; names are unique over all kinds,
for the queue, the log and the metrics know a destination by its name alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from cloud.notify.alarm_centre_settings import AlarmCentreSettings
from cloud.notify.destination_settings import DestinationSettings, WebhookSettings
from cloud.notify.mail_settings import EmailSettings, IntakeMailSettings
from cloud.notify.notice import Kind
from cloud.notify.push_settings import DeterSettings, NtfySettings, WebPushSettings
from contract.verdict import Decision
from service.sections import Name, Section
from service.weekly_hours import WindowConfig, ZoneName

NotifyNames = Annotated[tuple[Name, ...], Field(max_length=10_000)]


class NotifySite(Section):
    """A place, by its gateways; what belongs to none is a site of the gateway's name, in UTC."""

    name: str = Field("", max_length=120, description="As people call it; absent: its id.")
    gateways: NotifyNames = Field((), description="Ids of gateways.")
    groups: NotifyNames = Field(
        (), description="Or every gateway of these groups (`manage.groups`)."
    )
    time_zone: ZoneName = Field("UTC", description="IANA name, such as Europe/Berlin.")


class NotifyRule(Section):
    """Who is told of what. Every rule that fits counts; an empty list is no condition."""

    to: NotifyNames = Field(min_length=1, description="Names of destinations.")
    about: Annotated[tuple[Kind, ...], Field(min_length=1, max_length=8)] = Field(
        ("alarm",),
        description="`alarm`; `tamper`: a camera that is covered, turned or blinded; `path`: a "
        "gateway or camera that is gone; `test`: alarms on test and self-tests.",
    )
    sites: NotifyNames = Field((), description="Of these sites.")
    gateways: NotifyNames = Field((), description="Of these gateways.")
    cameras: NotifyNames = Field((), description="Of these cameras.")
    profiles: NotifyNames = Field(
        (),
        description="Of alarms: raised while one of these profiles of the gateway held, such as "
        "`away`; `none`: while none did, or the gateway is too old to say.",
    )
    labels: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (), description="Of these classes, or groups of classes such as `person`, `vehicle`."
    )
    min_severity: int = Field(0, ge=0, le=4, description="From this AVS-01 level on.")
    decisions: Annotated[tuple[Decision, ...], Field(min_length=1, max_length=4)] = Field(
        ("confirmed", "unconfirmed", "inconclusive"), description="Which decisions are told."
    )
    hours: Annotated[tuple[WindowConfig, ...], Field(max_length=64)] = Field(
        (), description="Only then, in the site's own time."
    )
    digest_s: float = Field(
        0, ge=0, le=86_400, description="Above 0: gathered for so long, then told in one message."
    )


class NotifySettings(Section):
    """Who is told of confirmed threats and of faults (`notify run`)."""

    state: Path = Field(
        Path("/var/lib/stillwatch/notify"), description="Folder of the queue; of one process alone."
    )
    session_s: int = Field(
        604_800, ge=60, le=4_000_000, description="How long the broker keeps for us what we miss."
    )
    catch_up_s: float = Field(
        21_600,
        ge=0,
        le=604_800,
        description="At a start, verdicts of this time that the broker did not keep are read from "
        "the object store; 0: never.",
    )
    event_gap_s: float = Field(
        60, ge=1, le=3600, description="Alarms of a camera no further apart are one event."
    )
    fault_after_s: float = Field(
        60, ge=0, le=86_400, description="A fault or silence that is over sooner is not told."
    )
    silent_s: float = Field(
        900, ge=10, le=86_400, description="Nothing heard of a gateway for so long is a fault."
    )
    keep_days: float = Field(30, ge=1, le=3650, description="How long it is known what was told.")
    link: str | None = Field(
        None,
        max_length=1024,
        pattern=r"^https?://[!-~]+$",
        description="Where an alarm can be seen, with {id}; messages to people lead there.",
    )
    sites: Annotated[dict[Name, NotifySite], Field(max_length=10_000)] = Field(
        default_factory=dict, description="Places, by id."
    )
    rules: Annotated[tuple[NotifyRule, ...], Field(max_length=1000)] = Field(
        (), description="Who is told of what."
    )
    webhooks: Annotated[dict[Name, WebhookSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="HTTP endpoints that get signed CloudEvents, by name."
    )

    emails: Annotated[dict[Name, EmailSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="People who get mail, by name."
    )
    intakes: Annotated[dict[Name, IntakeMailSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="Intakes of video monitoring that take mail, by name."
    )
    alarm_centres: Annotated[dict[Name, AlarmCentreSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="Alarm receiving centres (SIA DC-09), by name."
    )

    ntfy: Annotated[dict[Name, NtfySettings], Field(max_length=100)] = Field(
        default_factory=dict, description="Topics of ntfy servers, by name."
    )
    web_push: Annotated[dict[Name, WebPushSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="Browsers and phones that subscribed, by name."
    )
    outputs: Annotated[dict[Name, DeterSettings], Field(max_length=100)] = Field(
        default_factory=dict, description="Commands to lights and sirens over MQTT, by name."
    )

    def destinations(self) -> Iterator[tuple[str, DestinationSettings]]:
        """All of them, by name."""
        yield from self.webhooks.items()
        yield from self.emails.items()
        yield from self.intakes.items()
        yield from self.alarm_centres.items()
        yield from self.ntfy.items()
        yield from self.web_push.items()
        yield from self.outputs.items()

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [name for name, _ in self.destinations()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: a destination's name may be used once only")
        unknown = sorted({name for rule in self.rules for name in rule.to} - set(names))
        if unknown:
            raise ValueError(f"rules name {', '.join(unknown)}, which is no destination")
        sites = sorted({name for rule in self.rules for name in rule.sites} - set(self.sites))
        if sites:
            raise ValueError(f"rules name {', '.join(sites)}, which is none of `sites`")
        return self
