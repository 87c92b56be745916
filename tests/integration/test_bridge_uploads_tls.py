"""Uploads over TLS: FTPS and STARTTLS by real clients, which check the certificate."""

from __future__ import annotations

import ftplib
import io
import smtplib
import socket
import ssl
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bridge.config import BridgeConfigError
from bridge.uploads.listeners import Listeners
from bridge.uploads.upload_queue import UploadQueue
from service.link import TlsFiles
from tests.authorities import authority, issue
from tests.cameras import jpeg
from tests.integration.upload_site import PORCH, SHED, ImplicitFtp, Site, config, mail, site
from tests.links import wait_until
from tests.processes import HOST


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    folder = tmp_path_factory.mktemp("tls")
    return issue(folder, authority(folder, "site"), "bridge")


@pytest.mark.parametrize("require", [True, False])
def test_a_still_arrives_by_ftps_over_encrypted_data(
    require: bool, files: TlsFiles, tmp_path: Path
) -> None:
    with site(tmp_path, files, require) as found, found.ftps() as client:
        client.login("p", "s3cret")
        assert isinstance(client.sock, ssl.SSLSocket)
        client.prot_p()
        client.storbinary("STOR a.jpg", io.BytesIO(jpeg(1)))
        assert found.queues[PORCH].get(5) == jpeg(1)


@pytest.mark.parametrize("require", [True, False])
def test_a_mail_arrives_after_starttls(require: bool, files: TlsFiles, tmp_path: Path) -> None:
    with site(tmp_path, files, require) as found, found.smtp() as client:
        client.starttls(context=found.trust)
        client.login("s", "s3cret")
        client.send_message(mail())
        assert found.queues[SHED].get(5) == jpeg(2)


@pytest.mark.parametrize("require", [True, False])
@pytest.mark.parametrize("says_so", [True, False])
def test_a_still_arrives_by_ftp_that_is_encrypted_from_the_first_byte(
    require: bool, says_so: bool, files: TlsFiles, tmp_path: Path
) -> None:
    with site(tmp_path, files, require) as found, ImplicitFtp(context=found.trust) as client:
        client.connect_encrypted(found.ftps_port)
        client.login("p", "s3cret", secure=False)
        if says_so:
            client.prot_p()
        else:
            client._prot_p = True  # type: ignore[attr-defined]  # a camera that takes it for granted
        client.storbinary("STOR a.jpg", io.BytesIO(jpeg(1)))
        assert found.queues[PORCH].get(5) == jpeg(1)


@pytest.mark.parametrize("require", [True, False])
def test_a_mail_arrives_by_smtp_that_is_encrypted_from_the_first_byte(
    require: bool, files: TlsFiles, tmp_path: Path
) -> None:
    with (
        site(tmp_path, files, require) as found,
        smtplib.SMTP_SSL(HOST, found.smtps_port, timeout=10, context=found.trust) as client,
    ):
        client.ehlo()
        assert not client.has_extn("starttls")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("s", "other")
        client.login("s", "s3cret")
        client.send_message(mail())
        assert found.queues[SHED].get(5) == jpeg(2)


def test_where_all_is_encrypted_plain_words_are_not_answered(
    files: TlsFiles, tmp_path: Path
) -> None:
    with site(tmp_path, files, require=False) as found:
        for port in (found.ftps_port, found.smtps_port):
            with socket.create_connection((HOST, port), 10) as plain:
                plain.sendall(b"USER p\r\nPASS s3cret\r\n")
                with suppress(ConnectionResetError):
                    assert not any(word in plain.recv(4096) for word in (b"220", b"230", b"331"))


@pytest.mark.parametrize("name", ["smtp_port", "smtps_port", "ftp_port", "ftps_port"])
def test_one_host_cannot_have_all_connections_and_gets_them_back(
    name: str, files: TlsFiles, tmp_path: Path
) -> None:
    """Of 32, which nobody changed, one host has 8, whether it begins TLS or not."""
    with site(tmp_path, files, require=False) as found, ExitStack() as held:
        port = int(getattr(found, name))
        silent = [held.enter_context(socket.create_connection((HOST, port), 10)) for _ in range(40)]
        closed = [one for one in silent if is_closed(one, greets=name in ("smtp_port", "ftp_port"))]
        assert len(closed) >= 40 - 8
        held.close()
        wait_until(lambda: mails_or_stores(found, name), "a place again")


def is_closed(link: socket.socket, greets: bool) -> bool:
    """Whether the server refused it; one that is to encrypt first says nothing to a friend."""
    link.settimeout(10 if greets else 0.5)
    try:
        return link.recv(4096)[:3] != b"220"
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def mails_or_stores(found: Site, name: str) -> bool:
    """Whether a camera is served."""
    try:
        if name == "smtp_port":
            with found.smtp() as client:
                return client.noop()[0] == 250
        if name == "smtps_port":
            with smtplib.SMTP_SSL(
                HOST, found.smtps_port, timeout=5, context=found.trust
            ) as mailing:
                return mailing.noop()[0] == 250
        if name == "ftp_port":
            with found.ftps() as storing:
                return storing.login("p", "s3cret").startswith("230")
        with ImplicitFtp(context=found.trust) as encrypted:
            encrypted.connect_encrypted(found.ftps_port)
            return encrypted.login("p", "s3cret", secure=False).startswith("230")
    except (OSError, EOFError, smtplib.SMTPException, ftplib.Error):
        return False


@pytest.mark.parametrize("name", ["smtps_port", "ftps_port"])
def test_who_does_not_begin_tls_is_dropped(name: str, files: TlsFiles, tmp_path: Path) -> None:
    with (
        site(tmp_path, files, require=False, idle_s=5) as found,
        socket.create_connection((HOST, int(getattr(found, name))), 30) as silent,
        suppress(ConnectionError),
    ):
        assert silent.recv(100) == b""


def test_where_tls_is_required_no_password_and_no_picture_crosses_in_the_clear(
    files: TlsFiles, tmp_path: Path
) -> None:
    with site(tmp_path, files, require=True) as found:
        with ftplib.FTP(timeout=10) as plain:  # noqa: S321, what must be refused
            plain.connect(HOST, found.ftp_port)
            with pytest.raises(ftplib.error_perm, match="TLS required"):
                plain.login("p", "s3cret")
        with found.ftps() as client:
            client.login("p", "s3cret")
            with pytest.raises(ftplib.error_perm, match="TLS required on the data"):
                client.storbinary("STOR a.jpg", io.BytesIO(jpeg(1)))
        with found.smtp() as mailing:
            mailing.ehlo()
            assert not mailing.has_extn("auth")
            with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
                mailing.send_message(mail())


def test_where_it_is_only_offered_old_cameras_may_do_without(
    files: TlsFiles, tmp_path: Path
) -> None:
    with site(tmp_path, files, require=False) as found:
        with ftplib.FTP(timeout=10) as plain:  # noqa: S321, what cameras speak
            plain.connect(HOST, found.ftp_port)
            plain.login("p", "s3cret")
            plain.storbinary("STOR a.jpg", io.BytesIO(jpeg(1)))
        with found.smtp() as mailing:
            mailing.login("s", "s3cret")
            mailing.send_message(mail())
        assert (found.queues[PORCH].get(5), found.queues[SHED].get(5)) == (jpeg(1), jpeg(2))


def test_versions_of_tls_that_are_broken_are_refused(files: TlsFiles, tmp_path: Path) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(files.ca_file)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with site(tmp_path, files, require=True) as found:
        found.trust = old
        with found.ftps() as client, pytest.raises((ssl.SSLError, EOFError, OSError)):
            client.login("p", "s3cret")
        with found.smtp() as mailing, pytest.raises((ssl.SSLError, OSError)):
            mailing.starttls(context=old)


@pytest.mark.parametrize(
    ("name", "content"),
    [("cert_file", None), ("key_file", None), ("cert_file", "no PEM"), ("key_file", "no PEM")],
)
def test_a_certificate_that_cannot_be_used_is_named(
    name: str, content: str | None, files: TlsFiles, tmp_path: Path
) -> None:
    chosen = {"cert_file": files.cert_file, "key_file": files.key_file}
    chosen[name] = tmp_path / "wrong.pem"
    if content is not None:
        (tmp_path / "wrong.pem").write_text(content)
    with pytest.raises(BridgeConfigError, match=r"uploads\.cert_file") as refused:
        Listeners(config(tmp_path, **chosen), {PORCH: UploadQueue(), SHED: UploadQueue()})
    assert "wrong.pem" in str(refused.value)


@pytest.mark.parametrize(
    "tls", [{"require_tls": True}, {"key_file": "/k"}, {"ftps_port": 990}, {"smtps_port": 465}]
)
def test_what_needs_a_certificate_says_so(tls: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs cert_file"):
        config(tmp_path, **tls)
