"""What the model cards say in words. PURE."""

from __future__ import annotations

from tools.build.models.shipped import Network

INTENDED = {
    "nanodet-g-416-int8": (
        "Finds persons, vehicles and three kinds of animals on the gateway. The default of the "
        "edge: it forwards candidates, which the cloud confirms.\n"
    ),
    "nanodet-g-320-int8": (
        "The same weights as the 416 model at a smaller input, for small gateways: about 0.6 of "
        "its time, and it misses more small and far persons.\n"
    ),
    "centernet-640": (
        "One of the three networks that confirm in the cloud. Its architecture and weights are not "
        "those of the edge, so its opinion is independent.\n"
    ),
    "nanodet-g-512": (
        "One of the three networks that confirm in the cloud, in float and at a larger input. It "
        "has the weights of the edge's model, so its errors go together with the edge's; it is "
        "worth its time because of what the fusion gains.\n"
    ),
    "ssd-mobilenet-v2-300": (
        "One of the networks that confirm in the cloud: neither its architecture nor its weights "
        "are those of the edge. On close-ups it is sure of what is there and silent about what is "
        "not; over whole frames it hardly sees what is small.\n"
    ),
    "confirm-fused": (
        "The default of the cloud: three networks look at each picture, and the mean of the two "
        "best scores counts: what only one of them sees keeps half its score. That removes false "
        "alarms. Confirm at 0.35: two scores add up to 0.7, or one alone reaches it.\n"
    ),
}

PREPARATION = {
    "letterbox": (
        "Scale by min(S/w, S/h) (area interpolation to shrink, bilinear to enlarge), centre on a "
        "grey canvas of 114, RGB, raw 0..255. Undo both on the boxes, then clip.\n"
    ),
    "stretch": (
        "Stretch to the input, whatever the shape of the picture (area interpolation to shrink, "
        "bilinear to enlarge), RGB, raw 0..255. Undo it on the boxes, then clip.\n"
    ),
}

OUTPUTS: dict[Network, str] = {
    "nanodet": (
        "Six maps, told apart by their shapes: class scores `[s, s, 9]` after the sigmoid and "
        "distances `[s, s, 44]` for strides t of 8, 16 and 32. Cell (i, j) has its centre at "
        "((j + 0.5) t, (i + 0.5) t); the 44 are four sides (left, top, right, bottom) of 11 bins: "
        "softmax, expected bin, times t. NMS per class at IoU 0.6.\n"
    ),
    "centernet": (
        "Two maps at stride 4: `heat [S/4, S/4, 9]` after the sigmoid and `wh [S/4, S/4, 4]`, the "
        "distances to left, top, right and bottom in pixels. Keep cells that equal their 3x3 "
        "maximum; the point of cell (i, j) is (4 j, 4 i), without half a cell. NMS at IoU 0.6.\n"
    ),
    "ssd": (
        "Boxes `[1917, 4]` (x0, y0, x1, y1 in shares of the input, decoded in the graph) and "
        "scores `[1917, 9]` after the sigmoid, an anchor per row. NMS per class at IoU 0.6.\n"
    ),
    "fused": (
        "Each member detects for itself. Per class, by falling score, a box joins the best cluster "
        "that it overlaps by IoU > 0.55 and that has no box of its network yet; the fused box is "
        "the mean weighted by score, the fused score the mean of the two best.\n"
    ),
}

STUDY = {
    "nanodet-g-416-int8": (0.622, 0.479, " (same recipe, same calibration pictures)"),
    "nanodet-g-320-int8": (0.581, 0.473, " (same recipe, but calibrated with COCO train pictures)"),
    "centernet-640": (0.684, 0.545, ""),
    "nanodet-g-512": (0.633, 0.546, ""),
    "ssd-mobilenet-v2-300": (0.567, 0.441, ""),
    "confirm-fused": (0.719, 0.629, ""),
}
"""Average precision of persons and vehicles, and what to know about it."""

USE_AND_LIMITS = (
    "## Limits\n\n"
    "COCO shows what people photograph, not what a camera on a pole sees: expect less at night, in "
    "infrared, in rain, through fisheye lenses, and for persons under 32 pixels. Static things "
    "(cones, signs, statues) are at times taken for persons; rules over several frames are there "
    "for that. Thresholds are starting points: set them on labelled frames of the site. It detects "
    "that somebody is there, and is not made to say who.\n"
)
