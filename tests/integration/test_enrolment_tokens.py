"""Who gets a certificate by which token, from the real service over HTTPS."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from cloud.enrol.authority import Authority
from cloud.enrol.tokens import FILE
from contract.enrolment import (
    EnrolmentAnswer,
    EnrolmentRefusal,
)
from edge.enrolment.client import ServiceAway
from tests.enrolment_office import HOUR, Office, new_key, reason, verified


def test_a_token_gives_one_device_a_certificate_that_openssl_takes(
    office: Office, tmp_path: Path
) -> None:
    key, token = new_key(), office.token("yard")
    answer = office.ask(token, "yard", key)
    assert isinstance(answer, EnrolmentAnswer)
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "yard"
    assert answer.renew_after == office.now + timedelta(days=60)
    assert verified(office.folder, answer.certificate, tmp_path)
    assert reason(office.ask(token, "yard")) == "used_token"


def test_a_device_whose_answer_was_lost_asks_again_and_no_other_can(office: Office) -> None:
    key, token = new_key(), office.token("yard")
    office.ask(token, "yard", key)
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)
    assert reason(office.ask(token, "yard", new_key())) == "used_token"


def test_cards_that_were_flashed_alike_get_an_identity_each(office: Office) -> None:
    token = office.token("card-*", uses=3)
    names = ["card-1", "card-2", "card-3"]
    assert all(isinstance(office.ask(token, name), EnrolmentAnswer) for name in names)
    assert reason(office.ask(token, "card-4")) == "used_token"
    issued = Authority(office.folder).issued()
    assert sorted(one.name for one in issued) == names
    assert len({one.serial for one in issued}) == len(names)


def test_a_name_is_one_devices_unless_the_operator_replaces_it(office: Office) -> None:
    first = office.granted("yard", new_key())
    assert reason(office.ask(office.token("yard"), "yard")) == "name_taken"
    assert reason(office.ask(office.token("y*", uses=9), "yard")) == "name_taken"
    other = office.ask(office.token("yard", replacing=True), "yard")
    assert isinstance(other, EnrolmentAnswer)
    known = Authority(office.folder).knows(first)
    assert known is not None
    assert known.revoked_at is not None


def test_tokens_are_for_their_names_their_time_and_nobody_else(office: Office) -> None:
    token = office.token("yard")
    assert reason(office.ask("", "yard")) == "unknown_token"
    assert reason(office.ask(token[:-1], "yard")) == "unknown_token"
    assert reason(office.ask(token.split(".")[0] + ".x", "yard")) == "unknown_token"
    assert reason(office.ask(token, "gate")) == "wrong_name"
    office.now += HOUR
    assert reason(office.ask(token, "yard")) == "expired_token"
    assert token.split(".")[1] not in (office.folder / FILE).read_text()
    assert (office.folder / FILE).stat().st_mode & 0o077 == 0


def test_who_has_the_cards_token_takes_nobodys_place_with_a_key_that_used_it(
    office: Office,
) -> None:
    token, key = office.token("card-*", uses=3), new_key()
    assert isinstance(office.ask(token, "card-1", key), EnrolmentAnswer)
    assert isinstance(office.ask(token, "card-2"), EnrolmentAnswer)
    assert reason(office.ask(token, "card-2", key)) == "name_taken"
    assert isinstance(office.ask(token, "card-3", key), EnrolmentAnswer)
    assert reason(office.ask(token, "card-4", key)) == "used_token", "each name is a use"


def test_a_revoked_name_comes_back_by_a_token_of_its_own_only(office: Office) -> None:
    cards = office.token("card-*", uses=9)
    assert isinstance(office.ask(cards, "card-1"), EnrolmentAnswer)
    office.revoke("card-1")
    assert reason(office.ask(cards, "card-1")) == "revoked", "a thief with a new key"
    assert reason(office.ask(office.token("*", uses=9), "card-1")) == "revoked"
    assert isinstance(office.ask(office.token("card-1"), "card-1"), EnrolmentAnswer)


def test_a_device_that_was_replaced_does_not_come_back_with_its_own_token(office: Office) -> None:
    token, key = office.token("yard"), new_key()
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)
    assert isinstance(office.ask(office.token("yard", replacing=True), "yard"), EnrolmentAnswer)
    assert reason(office.ask(token, "yard", key)) == "name_taken"


def test_an_enrolled_device_may_use_a_newer_token_of_its_fleet(office: Office) -> None:
    key = new_key()
    office.granted("card-1", key)
    assert isinstance(office.ask(office.token("card-*", uses=9), "card-1", key), EnrolmentAnswer)


@pytest.mark.parametrize("replacing", [False, True])
def test_a_disk_that_takes_no_certificate_uses_up_no_token(office: Office, replacing: bool) -> None:
    office.granted("yard", new_key())
    if not replacing:
        office.revoke("yard")
    token, key, blocked = office.token("yard", replacing=replacing), new_key(), "index.txt.part"
    (office.folder / "issued").rename(office.folder / "kept")
    (office.folder / "issued").write_bytes(b"")
    with pytest.raises(ServiceAway, match="cannot sign now"):
        office.ask(token, "yard", key)
    (office.folder / "issued").unlink()
    (office.folder / "kept").rename(office.folder / "issued")
    (office.folder / blocked).mkdir()
    with pytest.raises(ServiceAway, match="cannot sign now"):
        office.ask(token, "yard", key)
    (office.folder / blocked).rmdir()
    assert isinstance(office.ask(token, "yard", key), EnrolmentAnswer)


def test_many_cards_at_once_get_one_certificate_each(office: Office) -> None:
    token = office.token("card-*", uses=20)
    answers: list[EnrolmentAnswer | EnrolmentRefusal] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(office.ask(token, f"card-{n}")))
        for n in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = [one for one in answers if isinstance(one, EnrolmentAnswer)]
    assert len(granted) == 20
    assert len(Authority(office.folder).issued()) == 20
