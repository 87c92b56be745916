"""From bytes to pixels to boxes: admission, decoding, letterbox, detections, model outputs. PURE."""
