"""Reports of a gateway hang together, and a verdict is about the pictures that were decided."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from contract.chain import START, is_about, link_sha256, manifest_sha256
from contract.cloudevent import frame_report, frame_verdict, read_report, read_verdict
from contract.report import ChainLink, EvidenceRef, ThreatReport
from tests.contract.samples import CROPS, REPORT, VERDICT

GOLDEN = Path(__file__).parent / "golden"
LINK = ChainLink(
    chain="0123456789abcdef", number=7, previous="f" * 64, pictures=1, given_up=((3, 5),)
)
LINKED = REPORT.model_copy(update={"link": LINK})
DECIDED = VERDICT.model_copy(update={"manifest": manifest_sha256(REPORT)})


def link_of(link: ChainLink = LINK, count: int = 2) -> str:
    return link_sha256(link, REPORT.gateway, REPORT.report_id, CROPS.evidence[:count])


def test_a_linked_report_and_a_verdict_with_its_manifest_are_written_and_read_as_frozen() -> None:
    golden = (GOLDEN / "suspicion-v1-linked.json").read_bytes()
    assert frame_report(LINKED) == golden
    assert read_report(golden) == LINKED
    golden = (GOLDEN / "verdict-v1-manifest.json").read_bytes()
    assert frame_verdict(DECIDED) == golden
    assert read_verdict(golden) == DECIDED


def test_the_hash_of_a_link_never_changes() -> None:
    """Stores hold chains: another way to hash would call all of them altered."""
    frozen = json.loads((GOLDEN / "chain-v1.json").read_text())
    assert frozen == {"link": link_of(), "manifest": manifest_sha256(CROPS)}


def test_a_link_covers_the_pictures_that_it_says_and_what_is_added_later_changes_nothing() -> None:
    assert link_of(count=2) == link_of(count=1)
    assert link_of(LINK.model_copy(update={"pictures": 2})) != link_of()


@pytest.mark.parametrize(
    "change",
    [
        {"chain": "0" * 16},
        {"number": 8},
        {"previous": START},
        {"given_up": ()},
        {"pictures": 0},
    ],
)
def test_whatever_changes_in_a_link_shows_in_its_hash(change: dict[str, object]) -> None:
    assert link_of(LINK.model_copy(update=change)) != link_of()


def with_pictures(*pictures: EvidenceRef) -> ThreatReport:
    return REPORT.model_copy(update={"evidence": pictures})


def test_a_manifest_is_of_these_pictures_in_this_order() -> None:
    one, two = CROPS.evidence
    orders = ((one,), (two,), (one, two), (two, one))
    assert len({manifest_sha256(with_pictures(*pictures)) for pictures in orders}) == 4


@pytest.mark.parametrize(
    "claim",
    [
        {"audit": True},
        {"test": True},
        {"box": (0.0, 0.0, 0.1, 0.1)},
        {"label": "cat"},
        {"severity": 0},
        {"report_id": "north.gate.17.42.2"},
    ],
)
def test_a_manifest_is_of_what_the_report_claims(claim: dict[str, object]) -> None:
    """Else somebody could have the same pictures decided as a mere sample, or somewhere else."""
    assert manifest_sha256(REPORT.model_copy(update=claim)) != manifest_sha256(REPORT)


def test_what_changes_on_the_way_is_no_part_of_the_claim() -> None:
    asked = REPORT.model_copy(update={"requests_left": 2, "link": LINK})
    assert manifest_sha256(asked) == manifest_sha256(REPORT)


def test_a_manifest_is_about_the_report_that_has_grown_since_and_about_no_other() -> None:
    one, two = CROPS.evidence
    early = manifest_sha256(with_pictures(one))
    assert is_about(early, with_pictures(one))
    assert is_about(early, with_pictures(one, two))
    assert not is_about(early, with_pictures(two, one))
    assert not is_about(manifest_sha256(with_pictures(one, two)), with_pictures(one))
    assert not is_about("0" * 64, with_pictures(one, two))


@pytest.mark.parametrize(
    "change",
    [{"chain": "XYZ"}, {"number": 0}, {"previous": "f"}, {"given_up": ((0, 1),)}, {"pictures": 17}],
)
def test_a_link_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ChainLink.model_validate(LINK.model_dump() | change)
