"""What may be set of destinations that take mail: people, and intakes of video monitoring.

Read through `cloud.notify.settings`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cloud.notify.destination_settings import DestinationSettings, PeopleSettings, SecretSource
from service.sections import Host, Section

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


def _address(value: str) -> str:
    if _ADDRESS.fullmatch(value) is None:
        raise ValueError(f"{value!r} is no mail address such as ann@example.org")
    return value


PostAddress = Annotated[str, AfterValidator(_address)]


class SmtpSettings(Section):
    """A mail server that sends for us."""

    host: Host = Field(description="Host name or address.")
    port: int = Field(587, ge=1, le=65535, description="587: starttls; 465: tls.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`none` only without a password."
    )
    ca_file: Path | None = Field(None, description="CA bundle; absent: the system's.")
    username: str | None = Field(None, max_length=320, description="User, if it wants one.")
    password: SecretSource | None = Field(None, description="The user's password.")

    @model_validator(mode="after")
    def _a_password_is_not_readable(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password, or neither")
        if self.security == "none" and self.password is not None:
            raise ValueError("security: none would send the password readable")
        return self


class SesSettings(Section):
    """Amazon SES, with the credentials that boto3 finds."""

    region: str = Field(pattern=r"^[a-z0-9-]{2,32}$", description="Such as eu-central-1.")
    endpoint_url: str | None = Field(None, max_length=512, description="Of another endpoint.")
    configuration_set: str | None = Field(None, max_length=64, description="Of SES, if wanted.")


class _Sender(Section):
    """By which way mail leaves: one of both."""

    sender: PostAddress = Field(description="Stands in From.")
    smtp: SmtpSettings | None = Field(None, description="A mail server.")
    ses: SesSettings | None = Field(None, description="Or Amazon SES.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.smtp is None) == (self.ses is None):
            raise ValueError("give `smtp` or `ses`, one of them")
        return self


class EmailSettings(PeopleSettings, _Sender):
    """Mail to people, with the picture; the messages of an event are one thread."""

    to: Annotated[tuple[PostAddress, ...], Field(min_length=1, max_length=50)] = Field(
        description="Who gets it."
    )


class IntakeMailSettings(DestinationSettings, _Sender):
    """Mail to an intake of video monitoring: an address per camera, one mail per alarm, with the
    picture attached. No updates, and tests only by a rule that asks for them."""

    updates: Literal[False] = Field(False, description="An intake takes none.")
    addresses: Annotated[dict[str, PostAddress], Field(min_length=1, max_length=10_000)] = Field(
        description="By `<gateway>/<camera>`, or `<gateway>` for its other cameras."
    )
    subject: str = Field(
        "{label} {camera}",
        max_length=200,
        description="Its subject, with {label}, {camera}, {gateway}, {site}, {severity}, {id}.",
    )
    picture_wait_s: float = Field(
        10, ge=0, le=120, description="So long the mail waits for its picture."
    )

    @model_validator(mode="after")
    def _subject_is_a_template(self) -> Self:
        try:
            self.subject.format(label="", camera="", gateway="", site="", severity=0, id="")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(f"subject {self.subject!r}: {error!r}") from error
        if not self.subject.isprintable():
            raise ValueError("subject has characters that cannot be printed")
        return self

    @property
    def with_pictures(self) -> bool:
        return False  # it goes with the mail or not at all
