"""A resolver that never answers holds no destination longer than its own deadline.

In a network and mount namespace of its own, where a real name server takes questions on loopback
and says nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 1.0

_WITHIN = f"""
import fcntl, json, os, socket, struct, subprocess, sys, threading
from email.message import EmailMessage
from pathlib import Path

from cloud.notify.http_client import HttpFailure, HttpReach
from cloud.notify.mail_settings import SesSettings, SmtpSettings
from cloud.notify.mail_transport import SesTransport, SmtpTransport
from service import resolving

folder = Path(sys.argv[1])
(folder / "resolv.conf").write_text("nameserver 127.0.0.1\\noptions timeout:10 attempts:2\\n")
(folder / "nsswitch.conf").write_text("hosts: files dns\\n")
for name in ("resolv.conf", "nsswitch.conf"):
    subprocess.run(["mount", "--bind", folder / name, f"/etc/{{name}}"], check=True)
with socket.socket() as probe:  # loopback is down in a new namespace
    fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", 0x1))
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))


def refused(ask):
    try:
        return str(ask())
    except (HttpFailure, OSError) as error:
        return str(error)


mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "x"
smtp = SmtpTransport(
    SmtpSettings(host="mail.example.org", security="none"), None, {TIMEOUT_S}
)
os.environ |= {{"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}}
ses = SesTransport(SesSettings(region="eu-west-1"), {TIMEOUT_S})
found = {{
    "http": refused(
        lambda: HttpReach().request("POST", "http://hook.example.org/", b"", {{}}, {TIMEOUT_S})
    ),
    "mail": refused(lambda: smtp.send(mail, "a@example.org", ("b@example.org",))),
    "ses": refused(lambda: ses.send(mail, "a@example.org", ("b@example.org",))),
    "centre": refused(lambda: resolving.connected("centre.example.org", 1, {TIMEOUT_S})),
}}
asked = server.recv(512)
for _ in range(2 * resolving.MOST_PENDING):
    last = refused(lambda: resolving.addresses_of("many.example.org", 1, 0.001))
found["many"] = [last, threading.active_count()]
print(json.dumps({{"asked": b"example" in asked, **found}}), flush=True)
os._exit(0)  # the look-ups still wait
"""


@pytest.fixture
def namespaces() -> list[str]:
    program = shutil.which("unshare")
    command = [program or "unshare", "--user", "--map-root-user", "--mount", "--net"]
    if program is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no namespaces here: unshare from util-linux, and a kernel that allows it")
    return command


def test_no_sender_waits_longer_for_a_name_than_its_deadline(
    namespaces: list[str], tmp_path: Path
) -> None:
    command = [*namespaces, sys.executable, "-c", _WITHIN, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["asked"]
    for sender in ("http", "mail", "ses", "centre"):
        assert "longer than 1 s" in found[sender]
    said, threads = found["many"]
    assert "without an answer" in said
    assert threads < 50
