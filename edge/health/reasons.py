"""Why an alarm might not reach a person: every reason that the gateway's health may name.

PURE. Adding a reason means adding a line here, a check in `edge.daemon.health_checks`, and a
row in `docs/operations.md`, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class HealthReason(StrEnum):
    """The catalogue: word, what it means, what to do. `unhealthy`: a restart helps.

    Nothing outside of the process (a broker, the cloud, a disk, a camera) is ever `unhealthy`.
    """

    meaning: str
    action: str
    unhealthy: bool

    def __new__(cls, word: str, meaning: str, action: str, unhealthy: bool = False) -> Self:
        reason = str.__new__(cls, word)
        reason._value_ = word
        reason.meaning, reason.action, reason.unhealthy = meaning, action, unhealthy
        return reason

    WORKER_STALLED = (
        "worker_stalled",
        "A thread makes no progress.",
        "none: the supervisor restarts the daemon; keep the log's stack for a report",
        True,
    )
    LINK_DOWN = (
        "link_down",
        "No connection to a broker.",
        "check host, port, TLS and credentials of that broker, and the network to it",
    )
    SUBSCRIPTION_REFUSED = (
        "subscription_refused",
        "A broker accepts the connection, but refuses a subscription.",
        "grant the gateway's user the topics that are named, in the broker's ACL",
    )
    ID_IN_USE = (
        "id_in_use",
        "Another client uses this gateway's client id and ends its connections.",
        "end the other one: a cloned card or container; or delete `client-id.json` beside one of "
        "the outboxes and restart that gateway",
    )
    DISK_UNUSABLE = (
        "disk_unusable",
        "The disk does not take suspicions: they wait in memory and are lost if the power goes.",
        "make room on the disk of `deliver.outbox.path`, or see why it takes nothing: `dmesg`, "
        "`mount`; nothing needs a restart",
    )
    CAMERA_SILENT = (
        "camera_silent",
        "A listed camera sends no usable picture.",
        "repair the camera or its network; see its `health` topic; take it out of `cameras` for "
        "good",
    )
    PICTURES_REJECTED = (
        "pictures_rejected",
        "Most of what came for a camera in the last minute was refused as no usable picture.",
        "see `frame_rejected` in the log for the reason; repair the camera, or find who else "
        "publishes on its topic",
    )
    STORE_UNUSABLE = (
        "store_unusable",
        "The object store takes no pictures, so no report can go out.",
        "see the detail: bucket, credentials, endpoint, authority, or the folder's path, owner and "
        "free space (`deliver.store`); nothing needs a restart but a changed configuration",
    )
    NOBODY_LISTENS = (
        "nobody_listens",
        "Reports reach the broker and nobody subscribes to them: no cloud worker is there.",
        "start a worker (`stillwatch-cloud serve`) at this broker, with `root` as `deliver.root` "
        "here; where it runs, see its log for `link_refused`",
    )
    NOT_ENROLLED = (
        "not_enrolled",
        "This gateway has no certificate for the cloud's broker.",
        "see the detail: the service at `enrolment.url`, or the token; nothing needs a restart, a "
        "new token goes into `enrolment.token_file`",
    )
    CERTIFICATE_ENDING = (
        "certificate_ending",
        "The certificate for the cloud's broker should be renewed, and is not.",
        "see the detail: the service at `enrolment.url`; if it was revoked, make a new token",
    )
    DELIVERY_LATE = (
        "delivery_late",
        "A report or verdict waits for longer than `deliver.late_s`.",
        "see `delivery_failed` in the log: a broker, the store or the workers are away or too slow "
        "for what is sent; `of` names who waits",
    )
    NOTIFICATION_FAILED = (
        "notification_failed",
        "In the last hour a broker refused a verdict, or one was given up for it.",
        "see `notification_failed` in the log: fix that broker's ACL or limits",
    )
    ANSWERS_REFUSED = (
        "answers_refused",
        "Messages in the cloud's name were refused as untrusted in the last hour.",
        "see `verdict_refused` in the log: unsigned or foreign_key after a change of the cloud's "
        "key: give this gateway the new public key too; else find out who publishes there",
    )
    SUSPICION_LOST = (
        "suspicion_lost",
        "A suspicion was given up in the last hour: for room, age, damage or refusal.",
        "see `outbox_evicted`, `suspicion_lost` and `entry_buried` in the log; make room, fix "
        "what refuses",
    )
    REPORT_GIVEN_UP = (
        "report_given_up",
        "In the last hour a report was given up: refused again and again, or without pictures.",
        "see `entry_buried` in the log for the broker's reason: its ACL, or the size of messages",
    )
    CLOCK_WRONG = (
        "clock_wrong",
        "The clock is not set, so schedules, ages and certificates cannot be trusted.",
        "let the gateway reach a time server (NTP), or set its clock",
    )
    SELF_TEST_FAILED = (
        "self_test_failed",
        "The last self-test did not reach a person.",
        "fix what the detail names, then run `stillwatch-edge self-test` again",
    )
    SELF_TEST_OVERDUE = (
        "self_test_overdue",
        "No self-test has passed for twice the configured time.",
        "run `stillwatch-edge self-test`; see the log for `self_test_failed`",
    )
    WATCH_UNKEPT = (
        "watch_unkept",
        "The disk takes no entry of the proof of watch; it is counted on and written once it does.",
        "make room on the disk of `deliver.outbox.path`; if the power goes before that, the proof "
        "has a gap, which shows",
    )
    UPDATE_REJECTED = (
        "update_rejected",
        "An update from afar was refused; what ran before runs on.",
        "fix what the detail names and publish another version; if you ordered nothing, find out "
        "who publishes there",
    )
    UPDATE_ROLLED_BACK = (
        "update_rolled_back",
        "An update from afar made the gateway worse and was rolled back.",
        "see the detail; publish a version without what did it",
    )
    CONFIG_REFUSED = (
        "config_refused",
        "The configuration at the start is refused, and there is none from before: nobody watches.",
        "repair what the detail names; the container then starts by itself",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason that holds now; `subject` is the link, camera or destination that it is about."""

    reason: HealthReason
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OngoingProblem:
    """A problem and for how long it has been seen; `since` is wall time, in UTC."""

    problem: Problem
    since: str
    for_s: float

    def as_json(self) -> Mapping[str, object]:
        """As `/healthz` and the topic `health` say it."""
        problem = self.problem
        named = {"of": problem.subject} if problem.subject else {}
        return {
            "reason": problem.reason.value,
            **named,
            "detail": problem.detail or problem.reason.meaning,
            "action": problem.reason.action,
            "since": self.since,
            "for_s": round(self.for_s, 1),
        }
