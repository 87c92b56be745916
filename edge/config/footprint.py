"""How much memory a configuration may take at worst.

PURE. The formula, with P = bytes of a picture, X = pixels of a picture, C = cameras followed, W =
workers, n = `evidence.context_frames`, k = `evidence.crops`:

    process       130 MB                    interpreter, libraries (measured)
    workers       W (40 MB + 12 X)          network's arena; a picture of 3 bytes a pixel beside the
                                            decoder's 8 (coefficients of a progressive JPEG)
    network       3 P                       a packet in base64, its text, the picture
    mailbox       C P                       one waiting frame per camera
    chunks        C P                       one picture per camera under assembly
    context       C (2 n + 5 + 8 k) P       ring, burst, view, best pictures of up to 8 tracks
    gate          C 1.7 MB                  four float pictures of at most 320 x 320
    courier       2 (n + 2) P               a case being packed, a case being sent
    recent        manage.shadow.max_bytes   recent frames, where `manage.root` is named
    unanswered    32 MB                     bound on publications under way
"""

from dataclasses import dataclass

from edge.config.schema import EdgeConfig

MB = 1_000_000
TYPICAL_PICTURE_BYTES = 100_000
TYPICAL_PIXELS = 1920 * 1080


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Bytes by what they are for, in the order of a frame's path."""

    parts: dict[str, int]

    @property
    def total_bytes(self) -> int:
        return sum(self.parts.values())


def worst_case(config: EdgeConfig) -> Estimate:
    """Every camera sends the largest picture allowed, all at once."""
    limits = config.intake.limits
    return estimate(config, limits.max_bytes, limits.max_pixels)


def typical(config: EdgeConfig) -> Estimate:
    """The same with 100 kB pictures of 1920 x 1080."""
    return estimate(config, TYPICAL_PICTURE_BYTES, TYPICAL_PIXELS)


def estimate(config: EdgeConfig, picture_bytes: int, pixels: int) -> Estimate:
    """The formula above."""
    cameras = config.intake.max_cameras
    n, k = config.deliver.evidence.context_frames, config.deliver.evidence.crops
    return Estimate(
        parts={
            "process": 130 * MB,
            "workers": config.detect.workers * (40 * MB + 12 * pixels),
            "network": 3 * picture_bytes,
            "mailbox": cameras * picture_bytes,
            "chunks": cameras * picture_bytes,
            "context": cameras * (2 * n + 5 + 8 * k) * picture_bytes,
            "gate": cameras * 17 * MB // 10,
            "courier": 2 * (n + 2) * picture_bytes,
            "recent": config.manage.shadow.max_bytes if config.manage.root else 0,
            "unanswered": 32 * MB,
        }
    )
