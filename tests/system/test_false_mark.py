"""What somebody calls false in the console is not raised again, until somebody calls it real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from cloud.console.app import create_app
from cloud.console.process import ConsoleProcess
from cloud.console.roles import PersonRole
from cloud.keys import make_keys
from cloud.settings import Settings
from contract.operator_action import OutcomeCode
from contract.report import ThreatReport
from edge.static_objects.listing import listed
from objectstore.open import open_store
from service.clock import SystemClock
from tests.consoles import add_person, browser, enter
from tests.servers import Broker
from tests.system.daemons import logged, wait
from tests.system.sites import CHECKOUT, Ear, Edge, edge, settings

STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"
AROUND_WALKER = (560, 200, 667, 400)
"""Pixels of the street's picture in which nobody else is."""
CAMERAS = ("gate", "yard")

pytestmark = pytest.mark.slow


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
def console(broker: Broker, root: str, folder: Path) -> Iterator[ConsoleProcess]:
    """Over the gateway's store, with the key that the gateway trusts."""
    chosen = Settings.model_validate(
        {
            "broker": f"mqtt://{broker.host}:{broker.port}",
            "root": root,
            "signing_key": str(folder / "key.pem"),
            "store": f"dir:{folder / 'store'}",
            "index": {"url": f"sqlite:///{folder}/index.sqlite"},
            "console": {"accounts": f"sqlite:///{folder}/accounts.sqlite"},
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


def test_what_is_marked_false_in_the_console_is_not_raised_again_until_it_is_called_real(
    mosquitto: Broker, root: str, listening: Ear, tmp_path: Path
) -> None:
    key = make_keys(tmp_path / "key.pem")
    config = settings(mosquitto, root, tmp_path, cloud_keys=[key], resend_s=600)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["decide"] = {"deduplication": {"enabled": False}, "static_objects": {"free_s": 1}}
    walker = one_walker()
    memory = tmp_path / "outbox"
    with console(mosquitto, root, tmp_path) as process, edge(tmp_path, config) as daemon:
        operator, site = Operator(process), StreetSite(daemon, listening)
        site.show(jpeg(walker, 95))
        assert listening.wait(lambda: all(map(site.raised, CAMERAS)))
        (gate,), (yard,) = map(site.raised, CAMERAS)
        for report, outcome in ((gate, "real"), (yard, "false")):
            wait(daemon, lambda one=report: operator.sees(one))  # type: ignore[misc]  # as above
            operator.closes(report, outcome)  # type: ignore[arg-type]  # mypy widens a tuple's texts
            logged(daemon, "outcome_received", report_id=report.report_id, outcome=outcome)

        empty = map(
            partial(np.full_like, walker), cycle(range(60, 200))
        )  # a little brighter each time
        wait(daemon, lambda: site.forgets_all_but_what_is_false(next(empty), memory))
        site.show(jpeg(walker, 94))
        assert listening.wait(lambda: len(site.raised("gate")) == 2)
        site.show(jpeg(next(empty), 90))  # all before it is logged by now
        assert [one["camera"] for one in daemon.events("suspicion_raised")].count("yard") == 1
        assert site.raised("yard") == [yard]

        operator.corrects(yard, "real")
        logged(daemon, "outcome_received", report_id=yard.report_id, outcome="real")
        wait(daemon, lambda: site.forgets_everything(next(empty), memory))
        site.show(jpeg(walker, 93))
        assert listening.wait(lambda: len(site.raised("yard")) == 2)
