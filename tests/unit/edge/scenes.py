"""Small scenes for the pure core: detections by hand, pictures of moving squares."""

import cv2
import numpy as np

from imaging.detections import Detections, Image

Row = tuple[str, float, tuple[float, float, float, float]]


def seen(*rows: Row) -> Detections:
    """Detections from rows of label, score, box."""
    return Detections(
        boxes=np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], np.float32),
        labels=tuple(label for label, _, _ in rows),
    )


def walker(x: float, score: float = 0.6, label: str = "person") -> Row:
    """Somebody 40 px tall whose left edge is at `x`."""
    return (label, score, (x, 100.0, x + 16.0, 140.0))


class FindsDarkThings:
    """A detector that really looks: the bounding box of everything darker than the scene."""

    def __init__(self, label: str = "person", score: float = 0.8) -> None:
        self._row = (label, score)
        self.calls = 0

    @property
    def input_size(self) -> tuple[int, int]:
        """So large that nothing gains by a close look."""
        return 4096, 4096

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:  # noqa: ARG002
        """One detection around all pixels under 30, none where there are none."""
        self.calls += 1
        rows, columns = np.nonzero(image.max(axis=2) < 30)
        if not len(rows):
            return seen()
        label, score = self._row
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        x0, y0, x1, y1 = (float(value) for value in box)
        return seen((label, score, (x0, y0, x1, y1)))


def picture(x: int | None = None, seed: int = 0, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG of a grey yard with noise, and a dark thing of 24 x 60 px at `x` if given."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = rng.normal(130, 3, (height, width, 3)).clip(0, 255).astype(np.uint8)
    if x is not None:
        image[100:160, x : x + 24] = 10
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
    return encoded[1].tobytes()
