"""A street with one walker before two cameras of a real gateway, and a console over its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fastapi.testclient import TestClient

from cloud.console.app import create_app
from cloud.console.process import ConsoleProcess
from cloud.console.roles import PersonRole
from cloud.settings import Settings
from contract.operator_action import OutcomeCode
from contract.report import ThreatReport
from edge.static_objects.listing import listed
from objectstore.open import open_store
from service.clock import SystemClock
from tests.consoles import add_person, browser, enter
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import CHECKOUT, Ear, Edge, settings

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"
AROUND_WALKER = (560, 200, 667, 400)
"""Pixels of the street's picture in which nobody else is."""
CAMERAS = ("gate", "yard")


def snapshots_of(broker: Broker, root: str, folder: Path, cloud_key: str) -> dict[str, Any]:
    """A gateway's configuration: each picture is decided on, and a place is forgotten after 1 s."""
    config = settings(broker, root, folder, cloud_keys=[cloud_key], resend_s=600)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["decide"] = {"deduplication": {"enabled": False}, "static_objects": {"free_s": 1}}
    return config


def jpeg(image: np.ndarray[Any, Any], quality: int) -> bytes:
    """The same picture in other bytes, so that none is taken for a repetition."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return encoded.tobytes()


def one_walker() -> np.ndarray[Any, Any]:
    """The street with nothing in it but the walker and what is around her, BGR."""
    street = cv2.imread(str(STREET))
    assert street is not None
    left, top, right, bottom = AROUND_WALKER
    alone = np.full_like(street, 120)
    alone[top:bottom, left:right] = street[top:bottom, left:right]
    return alone


@contextmanager
def console(
    broker: Broker, root: str, folder: Path, listen: str = "127.0.0.1:8484"
) -> Iterator[ConsoleProcess]:
    """Over the gateway's store, with the key that the gateway trusts; serves no pages itself."""
    chosen = Settings.model_validate(
        {
            "broker": f"mqtt://{broker.host}:{broker.port}",
            "root": root,
            "signing_key": str(folder / "key.pem"),
            "store": f"dir:{folder / 'store'}",
            "index": {"url": f"sqlite:///{folder}/index.sqlite"},
            "console": {"accounts": f"sqlite:///{folder}/accounts.sqlite", "listen": listen},
        }
    )
    process = ConsoleProcess(chosen, open_store(f"dir:{folder / 'store'}"), SystemClock())
    process.start()
    try:
        yield process
    finally:
        process.stop()


class Operator:
    """Somebody at the console's pages."""

    def __init__(self, process: ConsoleProcess) -> None:
        self._parts = process.parts
        self._client: TestClient = browser(create_app(process.parts))
        person = add_person(process.parts, "olga", PersonRole.OPERATOR)
        self._token = enter(self._client, process.parts, person)

    def sees(self, report: ThreatReport) -> bool:
        return self._parts.access.index.find(report.report_id) is not None

    def page_of(self, report: ThreatReport) -> str:
        """The alarm's page."""
        answer = self._client.get(f"/alarms/{report.report_id}")
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def closes(self, report: ThreatReport, outcome: OutcomeCode) -> None:
        """Claims the alarm and says what it was."""
        self._does(report, {"kind": "claim"}, {"kind": "outcome", "outcome": outcome})

    def corrects(self, report: ThreatReport, outcome: OutcomeCode) -> None:
        """Opens it again, and says that it was something else."""
        self._does(report, {"kind": "reopen"})
        self.closes(report, outcome)

    def _does(self, report: ThreatReport, *acts: dict[str, str]) -> None:
        for act in acts:
            alarm = self._parts.access.index.find(report.report_id)
            assert alarm is not None
            form = act | {"form_token": self._token, "seen": str(alarm.actions)}
            answer = self._client.post(f"/alarms/{report.report_id}/act", data=form)
            assert answer.status_code == 303, answer.text


class StreetSite:
    """Two cameras that look at the same street, at a running gateway."""

    def __init__(self, daemon: Edge, heard: Ear) -> None:
        self.daemon, self._heard = daemon, heard
        self._sent = 0

    def show(self, picture: bytes) -> None:
        """To both cameras; waits until both have decided on it."""
        self._sent += 1
        for camera in CAMERAS:
            self._heard.publish(f"{self._heard.root}-cameras/{camera}/image", picture)
        for camera in CAMERAS:
            wait(self.daemon, lambda name=camera: self.daemon.settled(name, self._sent))  # type: ignore[misc]  # mypy gives lambdas with defaults no type

    def forgets_all_but_what_is_false(self, empty: np.ndarray[Any, Any], memory: Path) -> bool:
        """What was reported is news again once its place looked otherwise; what was called false
        never is. Either is taken up with a frame, at most once a second."""
        self.show(jpeg(empty, 90))
        return [(one.camera, one.static_object.refuted) for one in listed(memory)] == [("yard", 1)]

    def forgets_everything(self, empty: np.ndarray[Any, Any], memory: Path) -> bool:
        """What was called real too."""
        self.show(jpeg(empty, 90))
        return listed(memory) == ()

    def raised(self, camera: str) -> list[ThreatReport]:
        return [one for one in self._heard.reports() if one.camera == camera]
