"""Stills by FTP and by mail, from the standard library's own clients."""

from __future__ import annotations

import ftplib
import io
import smtplib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from bridge.config import BridgeConfig, BridgeConfigError
from bridge.uploads import upload_queue
from bridge.uploads.listeners import Listeners
from bridge.uploads.smtp import pictures_in
from bridge.uploads.upload_queue import UploadQueue
from contract.ids import CameraId
from service.events import Event, LogLine
from tests.cameras import jpeg
from tests.fakes import recorded_events
from tests.links import wait_for_event
from tests.processes import HOST, free_port, ports_with_twins

PORCH, SHED, OPEN = CameraId("porch"), CameraId("shed"), CameraId("open")
MAX_BYTES = 200_000


class Site:
    """Listeners on free ports with three cameras' inboxes."""

    def __init__(self, folder: Path) -> None:
        (folder / "password").write_text("s3cret\n")
        secret = str(folder / "password")
        self.ftp_port, self.smtp_port = free_port(), free_port()
        first = ports_with_twins(1, 1)[0]
        self.config = BridgeConfig.model_validate(
            {
                "limits": {"max_bytes": MAX_BYTES},
                "uploads": {
                    "host": HOST,
                    "ftp_port": self.ftp_port,
                    "smtp_port": self.smtp_port,
                    "ftp_passive_ports": [first, first + 1],
                },
                "cameras": {
                    "porch": {"source": "ftp-upload", "username": "p", "password_file": secret},
                    "shed": {"source": "smtp-upload", "username": "s", "password_file": secret},
                    "open": {"source": "smtp-upload"},
                },
            }
        )
        self.inboxes = {camera: UploadQueue() for camera in (PORCH, SHED, OPEN)}

    @contextmanager
    def listening(self) -> Iterator[list[LogLine]]:
        stopping = threading.Event()
        with recorded_events() as lines:
            listeners = Listeners(self.config, self.inboxes)
            listeners.start(stopping)
            try:
                yield lines
            finally:
                stopping.set()
                listeners.stop()

    def ftp(self, password: str = "s3cret") -> ftplib.FTP:  # noqa: S107, of this test
        client = ftplib.FTP(timeout=10)  # noqa: S321, what cameras speak
        client.connect(HOST, self.ftp_port)
        client.login("p", password)
        return client

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP(HOST, self.smtp_port, timeout=10)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def mail(to: str, *attachments: tuple[bytes, str, str]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "cam@x", to, "Motion"
    message.set_content("Motion detected")
    for data, kind, name in attachments:
        major, _, minor = kind.partition("/")
        message.add_attachment(data, maintype=major, subtype=minor, filename=name)
    return message


def test_a_still_by_ftp_arrives_whatever_folder_the_camera_makes(site: Site) -> None:
    with site.listening(), site.ftp() as client:
        client.mkd("2026-11-28")
        client.cwd("2026-11-28")
        client.storbinary("STOR ../../../etc/shot.jpg", io.BytesIO(jpeg(1)))
        client.storbinary("STOR next.tmp", io.BytesIO(jpeg(2)))
        client.rename("next.tmp", "next.jpg")
        assert client.nlst() == []
        assert [site.inboxes[PORCH].get(5) for _ in range(2)] == [jpeg(1), jpeg(2)]
    assert not Path("/etc/shot.jpg").exists()


def test_nothing_can_be_fetched_or_removed_by_ftp(site: Site) -> None:
    with site.listening(), site.ftp() as client:
        for command in ("RETR /etc/passwd", "DELE /etc/passwd", "SITE CHMOD 777 /etc/passwd"):
            with pytest.raises(ftplib.error_perm):
                client.voidcmd(command)
        with pytest.raises(ftplib.error_perm):
            client.storbinary("APPE x.jpg", io.BytesIO(jpeg()))


def test_an_upload_of_100_mb_is_cut_at_the_limit_and_the_next_one_taken(site: Site) -> None:
    class Endless(io.RawIOBase):
        sent = 0

        def read(self, size: int = -1) -> bytes:
            self.sent += size
            return b"\xff\xd8\xff" + b"\0" * (size - 3) if self.sent < 100_000_000 else b""

    with site.listening():
        endless = Endless()
        with pytest.raises((ftplib.Error, OSError)):
            site.ftp().storbinary("STOR big.jpg", endless)
        assert endless.sent < 50_000_000
        site.ftp().storbinary("STOR ok.jpg", io.BytesIO(jpeg()))
        assert site.inboxes[PORCH].get(5) == jpeg()


def test_a_wrong_ftp_password_and_anonymous_are_refused(site: Site) -> None:
    with site.listening():
        with pytest.raises(ftplib.error_perm):
            site.ftp("wrong")
        client = ftplib.FTP(timeout=10)  # noqa: S321, what cameras speak
        client.connect(HOST, site.ftp_port)
        with pytest.raises(ftplib.error_perm):
            client.login()


def test_only_pictures_are_taken_by_ftp(site: Site) -> None:
    with site.listening() as lines, site.ftp() as client:
        client.storbinary("STOR shot.jpg", io.BytesIO(b"PK\x03\x04 a zip"))
        assert wait_for_event(lines, "frame_rejected")["reason"] == "no_picture"
        assert site.inboxes[PORCH].get(0.1) is None


def test_pictures_in_a_mail_arrive_and_the_rest_of_it_is_left(site: Site) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("shot.jpg", jpeg(9))
    message = mail(
        "Open@bridge.local",
        (packed.getvalue(), "application/zip", "shot.zip"),
        (jpeg(1), "image/jpeg", "1.jpg"),
        (jpeg(2), "application/octet-stream", "2.bin"),
        (b"PK\x03\x04", "image/jpeg", "3.jpg"),
    )
    with site.listening(), site.smtp() as client:
        client.send_message(message)
        assert [site.inboxes[OPEN].get(5) for _ in range(2)] == [jpeg(1), jpeg(2)]
        assert site.inboxes[OPEN].get(0.1) is None


def test_a_mail_without_a_picture_or_to_nobody_is_refused(site: Site) -> None:
    with site.listening(), site.smtp() as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(mail("open@x", (b"PK\x03\x04", "application/zip", "a.zip")))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail("someone@example.org", (jpeg(), "image/jpeg", "1.jpg")))


def test_a_camera_with_a_user_takes_mail_of_that_user_only(site: Site) -> None:
    message = mail("shed@x", (jpeg(), "image/jpeg", "1.jpg"))
    with site.listening():
        with site.smtp() as client, pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(message)
        with site.smtp() as client, pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("s", "wrong")
        with site.smtp() as client:
            client.login("s", "s3cret")
            client.send_message(message)
        assert site.inboxes[SHED].get(5) == jpeg()


def test_a_mail_over_the_limit_and_one_of_too_many_pictures_are_bounded(site: Site) -> None:
    with site.listening(), site.smtp() as client:
        large = mail("open@x", (jpeg() + b"\0" * 1_000_000, "image/jpeg", "1.jpg"))
        with pytest.raises(smtplib.SMTPException):
            client.send_message(large)
    with site.listening(), site.smtp() as client:
        client.send_message(mail("open@x", *[(jpeg(), "image/jpeg", "1.jpg")] * 30))
        taken = [site.inboxes[OPEN].get(0.1) for _ in range(9)]
        assert taken == [jpeg()] * 8 + [None]


def test_a_full_inbox_refuses_and_empties_again() -> None:
    inbox = UploadQueue()
    assert all(inbox.put(b"x") for _ in range(upload_queue.MAX_PICTURES))
    assert not inbox.put(b"x")
    assert inbox.get(0) == b"x"
    assert inbox.put(b"x")
    assert not UploadQueue().put(b"x" * (upload_queue.MAX_BYTES + 1))


def test_a_port_that_is_taken_is_said(site: Site) -> None:
    with site.listening(), pytest.raises(BridgeConfigError, match="cannot listen"):
        Listeners(site.config, site.inboxes)


HOSTILE_MAILS = {
    "nested": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(5000)
    ),
    "long header": b"Content-Type: image/jpeg; " + b"a=b;" * 90_000 + b"\r\n\r\nx",
    "comments": b"Content-Type: " + b"(" * 180_000 + b"\r\n\r\nx",
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 60_000,
}


@pytest.mark.parametrize("mail", HOSTILE_MAILS.values(), ids=HOSTILE_MAILS.keys())
def test_a_mail_that_would_take_long_to_parse_is_refused_unparsed(mail: bytes) -> None:
    with pytest.raises(ValueError, match="too much"):
        list(pictures_in(mail, MAX_BYTES))


def test_a_wrong_user_password_or_address_is_said(site: Site) -> None:
    with site.listening() as lines:
        with pytest.raises(ftplib.error_perm):
            site.ftp("hunter2")
        with site.smtp() as client:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("nobody", "hunter2")
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.send_message(mail("gate@x", (jpeg(), "image/jpeg", "x.jpg")))
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.send_message(mail("shed@x", (jpeg(), "image/jpeg", "x.jpg")))
        said = [one.fields for one in lines if one.event is Event.UPLOAD_REFUSED]
    about = [(one["camera"], str(one["detail"])) for one in said]
    assert ("porch", "FTP login as 'p' with another password than in password_file") in about
    assert ("_unknown", "mail login as 'nobody', a user that no camera has") in about
    assert any("'gate@x'" in words for _, words in about)
    assert ("shed", "a mail without a login as the camera's username") in about
    assert "hunter2" not in str(said)
