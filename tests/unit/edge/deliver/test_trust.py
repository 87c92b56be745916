"""What comes in the cloud's name is trusted for a reason, or refused with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.chain import manifest_sha256
from contract.cloudevent import frame_evidence_request, frame_operator_outcome, frame_verdict
from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, ReportId
from contract.operator_outcome import OperatorOutcome
from contract.report import ChainLink
from contract.signature import Keyring, Signer, new_signer
from contract.verdict import Decision, Verdict
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.outbox import Outbox
from edge.deliver.trust import RefusedAnswer, Trust
from edge.metrics.refusals import AnswerRefusal, Refusals
from tests.fakes import START
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name, picture, verdict
from tests.unit.edge.deliver.site import Site

TOPIC = f"stillwatch/{GATEWAY}/{CAMERA}/verdict"
CLOUD = new_signer()


OUTCOME = OperatorOutcome(
    report_id=name(0), gateway=GATEWAY, camera=CAMERA, outcome="false", said_at=START
)


class Home:
    """An outbox with one report that may be asked about, and who is trusted there."""

    def __init__(self, folder: Path, keyring: Keyring | None) -> None:
        self.site = Site(folder / "outbox")
        self.outbox: Outbox = self.site.open()
        one = bundle(0)
        self.report = one.report.model_copy(update={"requests_left": 2})
        self.outbox.put(type(one)(report=self.report, pictures=one.pictures))
        self.trust = Trust("stillwatch", keyring, self.outbox.find)

    def decided(self, decision: Decision = "refuted") -> Verdict:
        manifest = manifest_sha256(self.report)
        return verdict(0, decision).model_copy(update={"manifest": manifest})

    def request(self, **changed: object) -> EvidenceRequest:
        more = EvidenceRequest(
            report_id=name(0), gateway=GATEWAY, camera=CAMERA, asked_at=START, requests_left=2
        )
        return more.model_copy(update=changed)

    def reason(
        self, answer: Verdict | EvidenceRequest, signer: Signer | None = CLOUD, topic: str = TOPIC
    ) -> AnswerRefusal | None:
        """Why it is refused, None if it is trusted."""
        frame = frame_verdict(answer, signer) if isinstance(answer, Verdict) else None
        payload = frame or frame_evidence_request(answer, signer)  # type: ignore[arg-type]  # it is the other
        found = self.trust.read(topic, payload)
        if isinstance(found, RefusedAnswer):
            return found.reason
        assert found == answer
        return None


def link_of(home: Home) -> ChainLink | None:
    entry = home.outbox.find(name(0))
    return entry.report.link if entry else None


@pytest.fixture
def keyed(tmp_path: Path) -> Home:
    return Home(tmp_path / "keyed", Keyring([CLOUD.public]))


@pytest.fixture
def keyless(tmp_path: Path) -> Home:
    return Home(tmp_path / "keyless", None)


def test_what_the_cloud_signed_is_trusted(keyed: Home) -> None:
    assert keyed.reason(keyed.decided()) is None
    assert keyed.reason(keyed.request()) is None


def test_unsigned_foreign_and_forged_are_refused_where_there_is_a_key(keyed: Home) -> None:
    for answer in (keyed.decided(), keyed.request()):
        assert keyed.reason(answer, None) is AnswerRefusal.UNSIGNED
        assert keyed.reason(answer, new_signer()) is AnswerRefusal.FOREIGN_KEY
    forged = frame_verdict(keyed.decided("confirmed"), CLOUD).replace(b"confirmed", b"refuted")
    found = keyed.trust.read(TOPIC, forged)
    assert isinstance(found, RefusedAnswer)
    assert found.reason is AnswerRefusal.FORGED


def test_unsigned_is_trusted_only_where_there_is_no_key(keyless: Home) -> None:
    assert not keyless.trust.key_ids
    assert keyless.reason(keyless.decided(), None) is None
    keyless.trust.adopt(Keyring([CLOUD.public]))
    assert keyless.trust.key_ids == (CLOUD.key_id,)
    assert keyless.reason(keyless.decided(), None) is AnswerRefusal.UNSIGNED


@pytest.mark.parametrize(
    "topic",
    [
        f"stillwatch/{GATEWAY}/other/verdict",
        f"stillwatch/elsewhere/{CAMERA}/verdict",
        f"other/{GATEWAY}/{CAMERA}/verdict",
    ],
)
def test_a_verdict_on_another_cameras_topic_is_refused_signed_or_not(
    keyed: Home, keyless: Home, topic: str
) -> None:
    """Whoever may publish for one camera must not switch another's threat."""
    assert keyed.reason(keyed.decided(), CLOUD, topic) is AnswerRefusal.OTHER_TOPIC
    assert keyless.reason(keyless.decided(), None, topic) is AnswerRefusal.OTHER_TOPIC


def test_a_verdict_about_other_report_is_refused_though_the_cloud_signed_it(
    keyed: Home,
) -> None:
    """As it is when a report id came twice, or somebody had a forged report refuted before ours."""
    pictures = {"evidence": bundle(7).report.evidence}
    for forged in (pictures, {"audit": True}, {"test": True}, {"box": (0.8, 0.8, 0.9, 0.9)}):
        other = keyed.report.model_copy(update=forged)
        decided = verdict(0, "refuted").model_copy(update={"manifest": manifest_sha256(other)})
        assert keyed.reason(decided) is AnswerRefusal.OTHER_REPORT
    from_before_manifests = verdict(0, "refuted")
    assert keyed.reason(from_before_manifests) is None


def test_a_verdict_about_fewer_pictures_than_it_was_raised_with_is_refused(keyed: Home) -> None:
    entry = keyed.outbox.find(name(0))
    assert entry is not None
    fewer = entry.report.model_copy(update={"evidence": entry.report.evidence[:1]})
    decided = verdict(0, "refuted").model_copy(update={"manifest": manifest_sha256(fewer)})
    assert keyed.reason(decided) is AnswerRefusal.OTHER_REPORT


def test_a_verdict_about_the_report_before_it_grew_is_trusted(keyed: Home) -> None:
    early = keyed.decided()
    more = picture("asked for")
    ref = keyed.report.evidence[0].model_copy(update={"key": more.key, "sha256": more.sha256})
    grown = keyed.report.model_copy(
        update={
            "evidence": (*keyed.report.evidence, ref),
            "requests_left": 1,
            "link": link_of(keyed),
        }
    )
    assert keyed.outbox.extend(type(bundle(0))(report=grown, pictures=(more,)))
    assert keyed.reason(early) is None
    late = early.model_copy(update={"manifest": manifest_sha256(grown)})
    assert keyed.reason(late) is None


def test_a_question_needs_a_report_that_waits_and_may_still_be_asked(keyed: Home) -> None:
    assert keyed.reason(keyed.request(requests_left=1)) is AnswerRefusal.NOT_OPEN
    unknown = keyed.request(report_id=ReportId(f"{GATEWAY}.{CAMERA}.1.99.0"))
    assert keyed.reason(unknown) is AnswerRefusal.NOT_OPEN
    keyed.outbox.close_with(verdict(0, "unconfirmed"), [], None)
    assert keyed.reason(keyed.request()) is None
    keyed.outbox.close_with(verdict(0, "refuted"), [], None)
    assert keyed.reason(keyed.request()) is AnswerRefusal.NOT_OPEN


def test_our_own_word_that_comes_back_from_a_shared_broker_is_nothing(keyed: Home) -> None:
    assert keyed.trust.read(TOPIC, frame_verdict(verdict(0, "unconfirmed"))) is None


def test_what_is_no_message_is_malformed(keyed: Home) -> None:
    found = keyed.trust.read(TOPIC, b"{}")
    assert isinstance(found, RefusedAnswer)
    assert found.reason is AnswerRefusal.MALFORMED


def test_one_camera_cannot_fill_the_table_of_questions(keyed: Home) -> None:
    evidence_requests = EvidenceRequests(keyed.site.clock)
    for number in range(64):
        evidence_requests.ask(keyed.request(report_id=name(number)))
    other = CameraId("other")
    report = ReportId(f"{GATEWAY}.{other}.1.2.0")
    evidence_requests.ask(keyed.request(report_id=report, camera=other))
    assert [one.camera for one in evidence_requests.open()].count(CAMERA) == 8
    assert evidence_requests.open()[-1].camera == other


def test_what_does_not_happen_by_itself_is_told_apart() -> None:
    refusals = Refusals()
    refusals.count(AnswerRefusal.NOT_OPEN)
    assert refusals.suspicious() == 0
    refusals.count(AnswerRefusal.FORGED)
    assert refusals.suspicious() == 1
    assert dict(refusals.snapshot()) == {AnswerRefusal.FORGED: 1, AnswerRefusal.NOT_OPEN: 1}


def test_what_a_person_said_is_believed_by_its_signature_though_the_alarm_is_long_closed(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path, Keyring([CLOUD.public]))
    of_old = OUTCOME.model_copy(update={"report_id": name(99)})
    assert home.trust.read(TOPIC, frame_operator_outcome(of_old, CLOUD)) == of_old
    refused = {
        AnswerRefusal.UNSIGNED: (TOPIC, frame_operator_outcome(OUTCOME)),
        AnswerRefusal.FOREIGN_KEY: (TOPIC, frame_operator_outcome(OUTCOME, new_signer())),
        AnswerRefusal.FORGED: (
            TOPIC,
            frame_operator_outcome(OUTCOME, CLOUD).replace(
                b'"outcome":"false"', b'"outcome":"real"'
            ),
        ),
        AnswerRefusal.OTHER_TOPIC: (
            f"stillwatch/{GATEWAY}/yard/verdict",
            frame_operator_outcome(OUTCOME, CLOUD),
        ),
    }
    for reason, (topic, payload) in refused.items():
        found = home.trust.read(topic, payload)
        assert isinstance(found, RefusedAnswer)
        assert found.reason is reason
