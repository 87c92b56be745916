"""What a verdict means for those who are told."""

from __future__ import annotations

import pytest

from cloud.notify.choice import chosen, site_of
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.planning import AlarmHistory, AlarmPlan, NotifyPolicy, plan, turn_of
from cloud.notify.settings import NotifyRule, NotifySettings, NotifySite
from contract.report import FiredRule, ThreatReport
from contract.verdict import Decision, Verdict
from service.weekly_hours import WindowConfig
from tests.unit.cloud.notify.notices import (
    FARM,
    WithPictures,
    a_notice,
    a_policy,
    a_verdict,
)
from tests.unit.cloud.reports import NOON, a_report

PLAIN = DestinationSettings()


def planned(
    verdict: Verdict,
    history: AlarmHistory | None = None,
    policy: NotifyPolicy | None = None,
    report: ThreatReport | None = None,
) -> AlarmPlan:
    chosen_policy = policy or a_policy(hook=PLAIN, post=WithPictures())
    return plan(verdict, report, history, FARM, verdict.report_id, chosen_policy, NOON)


def rows(made: AlarmPlan) -> list[tuple[str, str]]:
    return [(row.destination, row.notice.stage) for row in made.planned]


def known(decision: Decision, *told: str, unsent: tuple[str, ...] = ()) -> AlarmHistory:
    return AlarmHistory(
        decision=decision,
        event="e",
        told=frozenset((*told, *unsent)),
        unsent=frozenset(unsent),
    )


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (None, "confirmed", "new"),
        (None, "unconfirmed", "new"),
        (None, "inconclusive", "new"),
        (None, "refuted", "silent"),
        ("unconfirmed", "confirmed", "changed"),
        ("inconclusive", "confirmed", "changed"),
        ("unconfirmed", "refuted", "refuted"),
        ("confirmed", "confirmed", "same"),
        ("confirmed", "unconfirmed", "late"),
        ("refuted", "unconfirmed", "late"),
        ("confirmed", "refuted", "late"),
        ("inconclusive", "unconfirmed", "late"),
    ],
)
def test_the_first_decision_of_the_cloud_stands(
    before: Decision | None, after: Decision, turn: str
) -> None:
    assert turn_of(a_verdict(after), before) == turn


def test_an_alarm_is_told_at_once_and_its_picture_follows_where_one_is_wanted() -> None:
    made = planned(a_verdict(), report=a_report())
    assert rows(made) == [("hook", "first"), ("post", "first"), ("post", "picture")]
    assert {row.notice.kind for row in made.planned} == {"alarm"}


def test_without_a_picture_there_is_none_to_wait_for() -> None:
    assert rows(planned(a_verdict())) == [("hook", "first"), ("post", "first")]


def test_a_picture_of_another_camera_is_not_shown() -> None:
    report = a_report()
    key = report.evidence[0].key.replace("/gate/", "/bedroom/")
    assert rows(planned(a_verdict(evidence_key=key)))[1:] == [("post", "first")]


def test_an_audit_is_nobodys_business_and_a_test_is_marked() -> None:
    assert planned(a_verdict(audit=True)).planned == ()
    tested = planned(a_verdict(audit=True, test=True, severity=0))
    assert {row.notice.kind for row in tested.planned} == {"test"}
    assert not tested.notice.self_test


def test_a_self_test_is_told_apart_from_an_alarm_on_test() -> None:
    report = a_report().model_copy(update={"rule": FiredRule(id="self_test", reasons=())})
    tested = planned(a_verdict(audit=True, test=True), report=report)
    assert tested.notice.self_test


def test_who_was_told_is_told_of_the_change_and_who_was_not_hears_it_as_news() -> None:
    strict = NotifyRule(to=("post",), decisions=("confirmed",))
    early = NotifyRule(to=("hook",), decisions=("unconfirmed",))
    policy = a_policy(strict, early, hook=PLAIN, post=WithPictures())
    made = planned(a_verdict(), known("unconfirmed", "hook"), policy, a_report())
    assert rows(made) == [("post", "first"), ("post", "picture"), ("hook", "changed")]
    assert [row.notice.before for row in made.planned] == ["unconfirmed"] * 3


def test_what_was_not_sent_yet_is_replaced_by_what_is_known_now() -> None:
    made = planned(a_verdict(), known("unconfirmed", unsent=("hook",)), a_policy(hook=PLAIN))
    assert made.void == {"hook"}
    assert rows(made) == [("hook", "first")]
    assert made.planned[0].notice.revision == 1


def test_what_is_refuted_is_told_those_alone_who_were_alarmed() -> None:
    made = planned(a_verdict("refuted"), known("unconfirmed", "hook", unsent=("post",)))
    assert rows(made) == [("hook", "refuted")]
    assert made.void == {"post"}


def test_no_updates_for_who_wants_none() -> None:
    policy = a_policy(hook=DestinationSettings(updates=False))
    assert rows(planned(a_verdict("refuted"), known("unconfirmed", "hook"), policy)) == []


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (NotifyRule(to=("x",)), True),
        (NotifyRule(to=("x",), sites=("farm",)), True),
        (NotifyRule(to=("x",), sites=("barn",)), False),
        (NotifyRule(to=("x",), gateways=("yard",), cameras=("gate",)), True),
        (NotifyRule(to=("x",), cameras=("roof",)), False),
        (NotifyRule(to=("x",), labels=("vehicle",)), False),
        (NotifyRule(to=("x",), labels=("person",)), True),
        (NotifyRule(to=("x",), min_severity=3), False),
        (NotifyRule(to=("x",), profiles=("none",)), True),
        (NotifyRule(to=("x",), profiles=("away", "night")), False),
        (NotifyRule(to=("x",), decisions=("unconfirmed",)), False),
        (NotifyRule(to=("x",), about=("tamper",)), False),
        (NotifyRule(to=("x",), hours=(WindowConfig(begin="13:00", end="15:00"),)), True),
        (NotifyRule(to=("x",), hours=(WindowConfig(begin="11:00", end="13:00"),)), False),
    ],
)
def test_every_condition_of_a_rule_must_hold_in_the_sites_own_time(
    rule: NotifyRule, fits: bool
) -> None:
    assert bool(chosen([rule], a_notice(), NOON)) is fits


@pytest.mark.parametrize(("profile", "told"), [("away", True), ("home", False), (None, False)])
def test_a_rule_of_a_profile_counts_while_that_profile_held(
    profile: str | None, told: bool
) -> None:
    rule = NotifyRule(to=("x",), profiles=("away", "night"))
    assert bool(chosen([rule], a_notice(profile=profile), NOON)) is told


def test_a_fault_has_no_profile_and_is_told_by_a_rule_that_names_one() -> None:
    rule = NotifyRule(to=("x",), about=("path",), profiles=("away",))
    assert chosen([rule], a_notice(kind="path", decision=None), NOON)


@pytest.mark.parametrize("signed", ["night", None])
def test_the_profile_is_the_verdicts_or_of_a_worker_too_old_to_say_the_reports(
    signed: str | None,
) -> None:
    report = a_report().model_copy(update={"profile": "night"})
    made = planned(a_verdict(report=report, profile=signed), report=report)
    assert made.notice.profile == "night"


def test_of_two_rules_the_faster_one_counts() -> None:
    rules = [NotifyRule(to=("x", "y"), digest_s=600), NotifyRule(to=("x",), min_severity=2)]
    assert chosen(rules, a_notice(), NOON) == {"x": 0.0, "y": 600.0}


def test_a_gateway_belongs_to_the_site_that_names_it_before_that_of_its_group() -> None:
    sites = {
        "north": NotifySite(groups=("all",), time_zone="Europe/Oslo"),
        "farm": NotifySite(gateways=("yard",), name="The farm"),
    }
    assert site_of("yard", ("all",), sites).place == "The farm"
    assert site_of("barn", ("all",), sites).id == "north"
    assert site_of("shed", (), sites) == site_of("shed", (), {})


def test_rules_and_destinations_must_fit_together() -> None:
    with pytest.raises(ValueError, match="ghost, which is no destination"):
        NotifySettings(rules=(NotifyRule(to=("ghost",)),))
