"""`notify run` as a process, and somebody who publishes what gateways and workers would."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from contract.cloudevent import frame_report, frame_verdict
from contract.report import ThreatReport
from contract.topics import Topics
from contract.verdict import Verdict
from service.link import Link
from service.outcomes import Delivered
from tests.links import PATIENCE_S, running, settings
from tests.processes import child, fetch, free_port, until
from tests.servers import Broker

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "whsec_" + base64.b64encode(b"a key for tests of thirty-two by").decode()
LOOPBACK = ["127.0.0.0/8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """The running process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    file: Path

    def health(self) -> tuple[int, str]:
        return fetch(self.port, "/healthz")

    def metrics(self) -> str:
        return fetch(self.port, "/metrics")[1]

    def until_logged(self, words: str, count: int = 1) -> None:
        """Waits until the log has `words` so often."""
        until(lambda: self.logged(words) >= count, self.process, self.log)

    def logged(self, words: str) -> int:
        return self.log.read_text(errors="replace").count(words)

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()


def write_settings(
    folder: Path, broker: Broker, root: str, notify: Mapping[str, object], **more: object
) -> Path:
    """A settings file with the section `notify`."""
    (folder / "secret").write_text(SECRET)
    content = {
        "broker": f"mqtt://{broker.host}:{broker.port}",
        "root": root,
        "client_id": f"notify-{root}",
        "notify": {"state": str(folder / "state"), **notify},
        **more,
    }
    file = folder / "notify.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def webhook(folder: Path, url: str, **more: object) -> dict[str, object]:
    """A webhook on this machine."""
    secret = {"file": str(folder / "secret")}
    return {"url": url, "secret": secret, "allow_networks": LOOPBACK, **more}


@contextmanager
def notifying(file: Path, environ: Mapping[str, str] | None = None) -> Iterator[Notifying]:
    """The process, once the broker has granted its subscriptions."""
    port, log = free_port(), file.with_name(f"notify-{free_port()}.log")
    variables = [f"{key}={value}" for key, value in (environ or {}).items()]
    command = ["env", "-C", str(CHECKOUT), *variables]
    command += [sys.executable, "-m", "cloud", "notify", "run", "--settings", str(file)]
    with child([*command, "--metrics-port", str(port)], log) as process:
        found = Notifying(process=process, port=port, log=log, file=file)
        found.until_logged("link_subscribed")
        yield found


class Cloud:
    """Publishes reports and verdicts."""

    def __init__(self, link: Link, root: str) -> None:
        self._link, self._root = link, root

    def report(self, report: ThreatReport) -> None:
        self._say(report, "suspect", frame_report(report))

    def verdict(self, verdict: Verdict) -> None:
        self._say(verdict, "verdict", frame_verdict(verdict))

    def retained(self, topic: str, payload: bytes) -> None:
        """What a gateway says of itself, below the root."""
        pending = self._link.publish(f"{self._root}/{topic}", payload, 1, True)
        assert isinstance(pending.wait(PATIENCE_S), Delivered)

    def _say(self, what: ThreatReport | Verdict, leaf: str, payload: bytes) -> None:
        topics = Topics(gateway=what.gateway, root=self._root)
        topic = f"{topics.root}/{what.gateway}/{what.camera}/{leaf}"
        pending = self._link.publish(topic, payload, 1, False)
        assert isinstance(pending.wait(PATIENCE_S), Delivered)


@contextmanager
def a_cloud(broker: Broker, root: str) -> Iterator[Cloud]:
    with running(settings(broker, f"cloud-{root}")) as link:
        assert link.wait_ready(PATIENCE_S)
        yield Cloud(link, root)
