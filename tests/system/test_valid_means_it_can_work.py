"""What `check-config` calls valid can work: every fault is refused, each by one problem."""

from __future__ import annotations

from pathlib import Path

from tests.system.daemons import cli

FAULTS = """
intake:
  topics: ['$share/gateways/cameras/{camera}/image']
  broker: {host: 'mqtt://broker.lan:1883'}
deliver:
  uplink: {host: 'cloud.example:8883'}
  store: {type: s3, bucket: evidence, endpoint_url: 'minio.lan:9000'}
cameras:
  gate: {kid: snapshot}
  bow: {zones: [{id: tie, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]}]}
  yard: {zones: [{id: drive, polygon: [[64, 200], [640, 200], [640, 480]]}]}
"""

COMPLAINTS = {
    "intake.topics[0]": "give the topic behind $share/<group>/",
    "intake.broker.host": "give the host alone, and `port` (1883 is usual for mqtt)",
    "deliver.uplink.host": "host: cloud.example, port: 8883",
    "deliver.store.endpoint_url": "begin with https:// or http://",
    "cameras.gate.kid": "did you mean 'kind'?",
    "cameras.bow.zones[0].polygon": "the outline crosses itself between corners 1 and 3",
    "cameras.yard.zones[0].polygon": "divide x by its width and y by its height",
}

LABELS = """
intake: {broker: {username: gateway, password_file: /etc/stillwatch/password}}
decide: {rules: [{id: people, labels: [persn]}]}
cameras:
  gate: {object_masks: [{id: tap, labels: [Person], polygon: [[0, 0], [1, 0], [1, 1]]}]}
"""


def problems(folder: Path, text: str) -> dict[str, str]:
    """By path, in the words of the program."""
    file = folder / "edge.yaml"
    file.write_text(text)
    done = cli("check-config", "--config", file, folder=folder)
    assert done.returncode == 78
    lines = [line.removeprefix("configuration: ") for line in done.stderr.splitlines()]
    told = [line.partition(": ")[::2] for line in lines if line]
    assert len(told) == len(dict(told)), done.stderr  # one fault, one problem
    return dict(told)


def test_what_cannot_work_is_refused_at_once_and_in_one_problem_each(tmp_path: Path) -> None:
    said = problems(tmp_path, FAULTS)
    assert said.keys() == COMPLAINTS.keys()
    for path, words in COMPLAINTS.items():
        assert words in said[path]


def test_classes_are_held_against_the_model(tmp_path: Path) -> None:
    said = problems(tmp_path, LABELS)
    assert said.keys() == {"decide.rules[0].labels", "cameras.gate.object_masks[0].labels"}
    assert all("did you mean 'person'?" in words for words in said.values())


def test_a_password_without_a_user_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, LABELS.replace("username: gateway, ", ""))
    assert said == {"intake.broker": "password_file without username: the broker would get neither"}


def test_a_client_key_without_its_certificate_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, "deliver: {uplink: {host: a, tls: {key_file: /etc/me.key}}}")
    assert said.keys() == {"deliver.uplink.tls"}
    assert "key_file /etc/me.key without cert_file" in said["deliver.uplink.tls"]
    assert "name its certificate as well, or neither" in said["deliver.uplink.tls"]
