"""The verbs of `notify` as a person uses them: words, exit status, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.planning import PlannedNotice
from cloud.notify.queue import NotificationQueue
from cloud.notify.queue_file import FILE
from service.clock import SystemClock
from tests.http_receivers import HttpReply, http_receiver
from tests.integration.notifying import CHECKOUT, LOOPBACK, SECRET
from tests.processes import free_port
from tests.unit.cloud.notify.notices import a_notice


def notify(*words: str, file: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud", "notify", *words, "--settings", str(file)],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def written(folder: Path, **notify_section: object) -> Path:
    section = {"state": str(folder / "state"), **notify_section}
    file = folder / "notify.yaml"
    file.write_text(yaml.safe_dump({"notify": section}))
    return file


def hook(url: str, **more: object) -> dict[str, object]:
    return {"url": url, "secret": {"env": "HOOK"}, "allow_networks": LOOPBACK, **more}


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    hooks = {"one": hook("https://example.org/1"), "two": hook("https://example.org/2")}
    file = written(tmp_path, webhooks=hooks, rules=[{"to": ["one"]}])
    ran = notify("check-config", file=file)
    assert ran.returncode == 78
    assert "notify.webhooks.one: secret: the variable HOOK is not set" in ran.stderr
    assert "notify.webhooks.two" in ran.stderr
    good = notify("check-config", file=file, HOOK=SECRET)
    assert (good.returncode, good.stdout.splitlines()) == (
        0,
        ["one: 1 rule(s)", "two: no rule names it", "2 destination(s), 1 rule(s): good"],
    )


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"rules": [{"to": ["ghost"]}]}, "ghost, which is no destination"),
        (
            {"webhooks": {"one": {"url": "http://example.org/", "secret": {"env": "X"}}}},
            "is readable on its way",
        ),
        ({"webhooks": {"one": {"url": "https://u:p@example.org/"}}}, "no user"),
        ({"emails": {"one": {"sender": "nobody", "to": []}}}, "no mail address"),
        ({"sites": {"farm": {"time_zone": "Mars/Olympus"}}}, "Mars/Olympus"),
        ({"spelled_wrong": 1}, "spelled_wrong"),
        ({"keep_days": 1_000_000}, "keep_days"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(
    tmp_path: Path, section: dict[str, object], why: str
) -> None:
    ran = notify("check-config", file=written(tmp_path, **section))
    assert (ran.returncode, why in ran.stderr) == (78, True), ran.stderr


def test_a_secret_never_stands_in_the_settings(tmp_path: Path) -> None:
    ran = notify("check-config", file=written(tmp_path, webhooks={"one": {"secret": "whsec_x"}}))
    assert ran.returncode == 78
    assert "notify.webhooks.one.secret" in ran.stderr


def test_one_destination_is_tried_with_a_marked_message(tmp_path: Path) -> None:
    with http_receiver() as receiver:
        file = written(tmp_path, webhooks={"one": hook(receiver.url())})
        ran = notify("test", "one", file=file, HOOK=SECRET)
        event = json.loads(receiver.next().body)
    assert (ran.returncode, ran.stdout) == (0, "one took it: HTTP 204\n")
    assert event["data"]["kind"] == "test"
    assert event["data"]["title"].startswith("Self-test")


def test_what_a_destination_answers_is_told_to_who_tries_it(tmp_path: Path) -> None:
    no = HttpReply(status=401, body=b"who are you?")
    with http_receiver(lambda _request, _number: no) as receiver:
        file = written(tmp_path, webhooks={"one": hook(receiver.url())})
        ran = notify("test", "one", file=file, HOOK=SECRET)
    assert ran.returncode == 1
    assert "one did not take it: HTTP 401: who are you?" in ran.stderr
    assert notify("test", "ghost", file=file, HOOK=SECRET).returncode == 78


def test_status_says_what_waits_and_that_there_is_no_queue_yet(tmp_path: Path) -> None:
    file = written(tmp_path, webhooks={"one": hook(f"https://127.0.0.1:{free_port()}/")})
    assert "there is no queue" in notify("status", file=file).stderr
    settings: dict[str, DestinationSettings] = {"one": DestinationSettings()}
    queue = NotificationQueue(tmp_path / "state" / FILE, settings, SystemClock())
    queue.plan((PlannedNotice(destination="one", notice=a_notice()),))
    fine = notify("status", file=file)
    assert fine.returncode == 0
    assert "yard.gate.1.1.0 first: waiting" in fine.stdout
    assert queue.begin_next("one", counted=False) is not None
    assert notify("status", file=file).returncode == 3
    queue.close()


def test_a_destination_is_snoozed_beside_the_running_process(tmp_path: Path) -> None:
    file = written(tmp_path, webhooks={"one": hook("https://example.org/")})
    settings: dict[str, DestinationSettings] = {"one": DestinationSettings()}
    queue = NotificationQueue(tmp_path / "state" / FILE, settings, SystemClock())
    ran = notify("snooze", "one", "--minutes", "5", "--camera", "gate", file=file)
    assert (ran.returncode, "is told nothing new until" in ran.stdout) == (0, True)
    queue.plan((PlannedNotice(destination="one", notice=a_notice()),))
    assert queue.begin_next("one", counted=False) is None
    queue.plan((PlannedNotice(destination="one", notice=a_notice(2, camera="roof")),))
    assert queue.begin_next("one", counted=False) is not None
    queue.close()
    assert notify("snooze", "ghost", file=file).returncode == 78


def test_whoever_tells_people_loads_no_network() -> None:
    program = (
        "import sys; import cloud.__main__; import cloud.notify.commands;"
        "found = {'tensorflow', 'fastapi', 'sqlalchemy', 'pywebpush'} & set(sys.modules);"
        "sys.exit(', '.join(found) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert ran.returncode == 0
