"""Every reader of messages and configuration; each is total or names its error.

What a target raises is a finding; what it returns names the way that the input took.
"""

from __future__ import annotations

import json
from datetime import UTC
from functools import cache
from random import Random

from cloud.settings import SettingsError, load_settings
from cloud.stages.rules import read_rules
from contract.cloudevent import (
    MessageError,
    frame_evidence_request,
    frame_operator_outcome,
    frame_report,
    frame_verdict,
    read_answer,
    read_evidence_request,
    read_report,
    read_verdict,
)
from contract.evidence_request import EvidenceRequest
from contract.ids import GatewayId
from contract.operator_outcome import OperatorOutcome
from contract.report import ThreatReport
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.load import read
from edge.daemon.switches import FILE, Switches
from edge.errors import ConfigError
from imaging.manifest import CHECKOUT_MODELS, MANIFEST_FILE, ModelError, read_manifest
from tools.fuzz import specimens
from tools.fuzz.documents import HOSTILE, json_mutated, yaml_mutated
from tools.fuzz.mutate import damaged
from tools.fuzz.specimens import folder as _folder

_TOPICS = Topics(gateway=GatewayId("north"))


def message(random: Random) -> bytes:
    """A report, a verdict or a request."""
    framed = (
        frame_report(specimens.REPORT),
        frame_verdict(specimens.VERDICT),
        frame_evidence_request(specimens.EVIDENCE_REQUEST),
        frame_operator_outcome(specimens.OUTCOME),
    )
    return json_mutated(random, random.choice(framed))


def hear(payload: bytes) -> str:
    """What is understood can be kept as it is kept, framed and read again."""
    said = "refused"
    try:
        report = read_report(payload)
        _same(report, ThreatReport.model_validate_json(report.model_dump_json()))
        _same(report, read_report(frame_report(report)))
        said = "report"
    except MessageError:
        pass
    try:
        answer = read_answer(payload)
        if isinstance(answer, EvidenceRequest):
            _same(answer, EvidenceRequest.model_validate_json(answer.model_dump_json()))
            _same(answer, read_evidence_request(frame_evidence_request(answer)))
            said = "question"
        elif isinstance(answer, OperatorOutcome):
            _same(answer, OperatorOutcome.model_validate_json(answer.model_dump_json()))
            _same(answer, read_answer(frame_operator_outcome(answer)))
            said = "outcome"
        else:
            _same(answer, Verdict.model_validate_json(answer.model_dump_json()))
            _same(answer, read_verdict(frame_verdict(answer)))
            answer.decided_at.astimezone(UTC)
            said = answer.decision
    except MessageError:
        pass
    return said


def switch(random: Random) -> bytes:
    """Topic, a blank, payload."""
    topic = random.choice(("stillwatch/north/gate/armed/set", "stillwatch/north/a/enabled/set"))
    payload = random.choice((b"ON", b"off", b" OFF\n", b"", b"TRUE"))
    return damaged(random, topic.encode() + b" " + payload)


def turn(line: bytes) -> str:
    """On the network thread, then the control loop's."""
    topic, _, payload = line.partition(b" ")
    switches = Switches(_folder() / "none", _TOPICS, lambda camera: camera != "unknown")
    taken = switches.on_message(topic.decode("utf-8", "replace"), payload, False)
    return f"{taken} {len(switches.turn())}"


def switches_file(random: Random) -> bytes:
    kept = {"gate": {"armed": True, "enabled": False}, "yard": {"armed": False}}
    return json_mutated(random, json.dumps(kept).encode())


def reopen_switches(document: bytes) -> str:
    (_folder() / FILE).write_bytes(document)
    switches = Switches(_folder(), _TOPICS, lambda _: True)
    json.dumps(switches.positions)
    return f"{len(switches.positions)}"


def config(random: Random) -> bytes:
    return yaml_mutated(random, random.choice(specimens.CONFIGS))


def configure(document: bytes) -> str:
    try:
        return f"valid {len(read(document, {}).origins) > 0}"
    except ConfigError as error:
        str(error).encode()
        return "refused"


def environment(random: Random) -> bytes:
    """Lines of NAME=value."""
    lines = []
    for _ in range(random.randint(1, 4)):
        name, value = random.choice(specimens.VARIABLES)
        if random.random() < 0.6:
            value = random.choice((*HOSTILE, "[1, 2", "{a: b}", "&a [*a]", "null", "-1", " "))
        if random.random() < 0.2:
            name = damaged(random, name.encode()).decode("latin-1").replace("\n", "")
        lines.append(f"{name}={value}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def configure_by_environment(lines: bytes) -> str:
    pairs = (line.partition("=") for line in lines.decode("utf-8", "surrogateescape").split("\n"))
    try:
        read(b"", {name: value for name, _, value in pairs if name})
    except ConfigError as error:
        return "refused" if str(error) else "refused without a word"
    return "valid"


def manifest(random: Random) -> bytes:
    return json_mutated(random, random.choice(_manifests()))


def open_manifest(document: bytes) -> str:
    (_folder() / MANIFEST_FILE).write_bytes(document)
    try:
        return read_manifest(_folder()).format
    except ModelError:
        return "refused"


def cloud_file(random: Random) -> bytes:
    return yaml_mutated(random, random.choice(specimens.CLOUD_FILES))


def configure_cloud(document: bytes) -> str:
    """As settings of a worker, then as rules of the archive."""
    file = _folder() / "cloud.yaml"
    file.write_bytes(document)
    said = []
    for reader in (lambda: load_settings(file, {}, {}), lambda: read_rules(file)):
        try:
            reader()
            said.append("valid")
        except SettingsError:
            said.append("refused")
    return " ".join(said)


def _same(message: object, again: object) -> None:
    if message != again:
        raise AssertionError(f"{message!r} came back as {again!r}")


@cache
def _manifests() -> list[bytes]:
    return [path.read_bytes() for path in sorted(CHECKOUT_MODELS.glob(f"*/{MANIFEST_FILE}"))]
