"""A zone's outline lies where the zone is, over whole, reduced and cropped pictures alike."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cloud.console.roles import PersonRole
from cloud.index.records import ReportRecord
from contract.ids import CameraId, GatewayId, ReportId
from contract.keys import evidence_key
from contract.report import EvidenceRef, RelativeBox, ZoneOutline
from imaging.detections import Image
from tests.browser.conftest import Served
from tests.browser.looks import accessible, loaded
from tests.browser.test_wall_in_browser import signed_in
from tests.contract.samples import REPORT

SIZE = (1280, 720)
CORNERS = ((0.40, 0.50), (0.55, 0.50), (0.58, 0.80), (0.38, 0.80))
CROP = (448, 324, 768, 644)
"""Whole pixels of the frame: all of the zone is in it."""
WALKER: RelativeBox = (0.44, 0.55, 0.48, 0.75)
MAGENTA = (255, 0, 255)
NEAR_PX = 4
HALF = 165
"""Between the red of the zone and that of the ground: the edge where it is blurred."""
ON_SCREEN = """(one) => {
  const box = one.getBBox(), to = one.getScreenCTM();
  const frame = one.closest(".frame").getBoundingClientRect();
  const left = to.e + to.a * box.x - frame.left, top = to.f + to.d * box.y - frame.top;
  return [left, top, left + to.a * box.width, top + to.d * box.height];
}"""
"""The outline without its stroke, in pixels of the figure's picture."""
WHOLE: RelativeBox = (0.0, 0.0, 1.0, 1.0)


def painted() -> Image:
    """A camera's picture in which the zone itself is painted on the ground."""
    image = np.full((SIZE[1], SIZE[0], 3), (70, 90, 80), np.uint8)
    corners = np.array([(x * SIZE[0], y * SIZE[1]) for x, y in CORNERS]).round().astype(np.int32)
    cv2.fillPoly(image, [corners], MAGENTA)
    return image


def kept(served: Served, image: Image, role: str, region: RelativeBox) -> EvidenceRef:
    """The picture in the store, as a report names it."""
    body = cv2.imencode(".jpg", image)[1].tobytes()
    digest = hashlib.sha256(body).hexdigest()
    at = served.parts.clock.now()
    key = evidence_key(GatewayId("north"), CameraId("pier"), at, digest)
    served.parts.store.put_if_absent(key, body, "image/jpeg")
    height, width = image.shape[:2]
    return EvidenceRef.model_validate(
        {
            **{"role": role, "key": key, "sha256": digest, "bytes": len(body)},
            **{"width": width, "height": height, "received_at": at},
            **{"region": region, "box": WALKER},
        }
    )


def an_alarm(served: Served) -> ReportId:
    """At a camera of which the console knows no configuration."""
    whole = painted()
    x0, y0, x1, y1 = CROP
    region = x0 / SIZE[0], y0 / SIZE[1], x1 / SIZE[0], y1 / SIZE[1]
    pictures = (
        kept(served, whole, "best", WHOLE),
        kept(served, cv2.resize(whole, (320, 180)), "context", WHOLE),  # type: ignore[arg-type]  # OpenCV widens the type
        kept(served, whole[y0:y1, x0:x1], "crop", region),
    )
    at = served.parts.clock.now()
    report = REPORT.model_copy(
        update={
            "report_id": ReportId("north.pier.1.1.0"),
            "camera": CameraId("pier"),
            "raised_at": at,
            "clocksync": True,
            "box": WALKER,
            "zones": ("quay",),
            "outlines": (ZoneOutline(id="quay", corners=CORNERS),),
            "evidence": pictures,
        }
    )
    served.parts.access.index.add(report.report_id, [ReportRecord(received_at=at, report=report)])
    return report.report_id


def magenta(figure: Locator) -> tuple[float, float, float, float]:
    """Where the painted zone is on the screen, in pixels of the figure's picture: x0 y0 x1 y1."""
    shot = cv2.imdecode(np.frombuffer(figure.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert shot is not None
    blue, green, red = (shot[..., n].astype(int) for n in range(3))
    rows, columns = np.nonzero((blue > HALF) & (red > HALF) & (green < 90))
    return (
        float(columns.min()),
        float(rows.min()),
        float(columns.max() + 1),
        float(rows.max() + 1),
    )


def test_the_outline_lies_over_the_zone_in_every_picture(served: Served, page: Page) -> None:
    report_id = an_alarm(served)
    signed_in(served, page, "olga", PersonRole.OPERATOR)
    page.goto(f"{served.url}/alarms/{report_id}")
    figures = page.locator("#stage figure")
    expect(figures).to_have_count(3)
    for number in range(3):
        page.locator(f'[data-show="{number}"]').click()
        figure = figures.nth(number)
        expect(figure.locator("figcaption")).to_contain_text("zone quay")
        loaded(page, figure.locator("img"))
        frame = figure.locator(".frame")
        drawn = figure.locator("polygon.zone").evaluate(ON_SCREEN)
        page.locator("#boxes").click()
        expect(figure.locator("polygon.zone")).to_be_hidden()
        seen = magenta(frame)
        page.locator("#boxes").click()
        assert tuple(drawn) == pytest.approx(seen, abs=NEAR_PX)
    accessible(page)
