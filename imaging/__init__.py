"""From bytes to pixels to boxes: admission, decoding, letterbox, network outputs. PURE."""
