"""The rules file and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.confirm.policy import Policy
from cloud.settings import SettingsError
from cloud.stages.rules import Rules, Threat, read_rules
from tests.pachyderm import SPECS


def written(folder: Path, text: str) -> Path:
    file = folder / "rules.yaml"
    file.write_text(text)
    return file


def test_the_example_shows_the_defaults_and_two_recipients() -> None:
    rules = read_rules(SPECS / "rules.example.yaml")
    assert (rules.threats, rules.policy) == (Rules().threats, Policy())
    assert rules.alerts.gather_s == Rules().alerts.gather_s
    assert [one.devices for one in rules.alerts.recipients] == [(), ("gate",)]


def test_no_file_and_an_empty_one_mean_the_defaults(tmp_path: Path) -> None:
    assert read_rules(None) == read_rules(written(tmp_path, "")) == Rules()


def test_the_hash_is_of_what_they_say(tmp_path: Path) -> None:
    spelled = read_rules(written(tmp_path, "# a comment\nthreats: [{kind: person, severity: 2}]"))
    assert spelled.sha256 == Rules().sha256
    assert Rules(threats=(Threat(kind="animal"),)).sha256 != Rules().sha256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("threats: [{kind: persn}]", "threats.0.kind"),
        ("threats: []", "threats"),
        ("treats: [{kind: person}]", "treats"),
        ("version: 2", "version"),
        ("policy: {confirm_at: 2}", "policy.confirm_at"),
        ("policy: {confirm_at: 0.1}", "refute_below 0.2 is above the limit 0.1"),
        ("alerts: {recipients: [{address: 'a@b\\nBcc: c@d'}]}", "alerts.recipients.0.address"),
        ("alerts: {recipients: [{address: nobody}]}", "is no mail address"),
        ("alerts: {recipients: [{address: a@b.c, devices: [Gate]}]}", "recipients.0.devices.0"),
        ("- 1", "file"),
        ("a: [", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"rules\.yaml") as caught:
        read_rules(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")
