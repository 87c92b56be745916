"""What can befall a camera, done to real frames: `(H, W, 3) uint8` in, the same out."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import Image


def noisy(image: object, sigma: float, seed: int) -> Image:
    """With the noise of a sensor in it; clipped as a sensor does."""
    pixels = np.asarray(image, np.float32)
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


def black(image: Image, seed: int) -> Image:
    """The lens cap."""
    return noisy(np.full_like(image, 6), 2, seed)


def blown_out(image: Image, seed: int) -> Image:
    """Exposed for the night, seen by day."""
    return noisy(image * 8.0 + 150, 2, seed)


def out_of_focus(image: Image, seed: int) -> Image:
    """A disk of confusion of 5 % of the width, as a lens makes it."""
    radius = round(image.shape[1] * 0.025)
    disk = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    cv2.circle(disk, (radius, radius), radius, (1.0,), -1)
    return noisy(cv2.filter2D(image, -1, disk / disk.sum()), 2, seed)


def breathed_upon(image: Image, seed: int) -> Image:
    """A Gaussian blur of 1.5 % of the width, as of a damp dome."""
    return noisy(cv2.GaussianBlur(image, (0, 0), image.shape[1] * 0.015), 2, seed)


def hand(image: Image, seed: int) -> Image:
    """A hand before the lens: smooth shades of skin, a soft edge between two fingers."""
    height, width = image.shape[:2]
    down, across = np.mgrid[0:height, 0:width]
    shade = 80 + 40 * across / width + 20 * np.sin(3 * down / height)
    shade -= 25 * np.exp(-(((across - 0.6 * width) / (0.1 * width)) ** 2))
    return noisy(shade[..., None] * np.array([0.6, 0.75, 1.0]), 2, seed)


def shifted(image: Image, seed: int, share: float = 0.1) -> Image:
    """Turned aside by `share` of the width."""
    height, width = image.shape[:2]
    by = np.array([[1, 0, share * width], [0, 1, 0.2 * share * height]], np.float32)
    turned = cv2.warpAffine(image, by, (width, height), borderMode=cv2.BORDER_REFLECT)
    return noisy(turned, 1, seed)


def rotated(image: Image, seed: int) -> Image:
    """Hanging from one screw."""
    height, width = image.shape[:2]
    by = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 1.4)
    return noisy(cv2.warpAffine(image, by, (width, height)), 1, seed)


def dim(image: Image, seed: int, share: float = 0.25) -> Image:
    """Night falls: a `share` of the light is left, and noise comes up."""
    return noisy(image * share + 6, 3, seed)


def fog(image: Image, seed: int, clear: float = 0.25) -> Image:
    """The share `clear` of the contrast is left before a bright grey."""
    return noisy(image * clear + (1 - clear) * 190, 1.5, seed)


def glare(image: Image, seed: int) -> Image:
    """At night a lamp shines into the lens and veils what is around it."""
    away = _away(image, 0.35, 0.4)
    light = 300 * np.exp(-((away / 0.18) ** 2)) + 90 * np.exp(-away / 0.5)
    return noisy(dim(image, seed) + light[..., None], 3, seed)


def web(image: Image, seed: int) -> Image:
    """A cobweb at arm's length, lit by the camera's infrared and out of focus; it sways."""
    height, width = image.shape[:2]
    middle = (int(width * 0.4) + seed % 3, int(height * 0.45))
    threads = np.zeros((height, width), np.float32)
    for angle in np.linspace(0.2, 0.2 + 2 * np.pi, 14, endpoint=False):
        end = (int(middle[0] + width * np.cos(angle)), int(middle[1] + width * np.sin(angle)))
        cv2.line(threads, middle, end, (255.0,), max(2, width // 60))
    for radius in range(width // 14, width // 2, width // 14):
        cv2.circle(threads, middle, radius, (255.0,), max(2, width // 80))
    threads = np.asarray(cv2.GaussianBlur(threads, (0, 0), width / 50), np.float32)
    lit = 1.6 * threads * np.exp(-_away(image, 0.4, 0.45) / 0.5)
    return noisy(dim(image, seed) + lit[..., None], 3, seed)


def lorry(image: Image, seed: int) -> Image:
    """The side of a lorry before nine tenths of the view: flat, with a sharp edge and two lines."""
    height, width = image.shape[:2]
    out = image.copy()
    out[:, : int(0.9 * width)] = (200, 120, 60)
    out[int(0.3 * height) : int(0.32 * height), : int(0.9 * width)] = (240, 240, 240)
    out[int(0.8 * height) : int(0.82 * height), : int(0.9 * width)] = (20, 20, 20)
    return noisy(out, 2, seed)


def _away(image: Image, x: float, y: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Distance of each pixel from a point (shares of the picture), in picture widths."""
    height, width = image.shape[:2]
    down, across = np.mgrid[0:height, 0:width]
    return np.asarray(np.hypot(across - x * width, down - y * height) / width)
