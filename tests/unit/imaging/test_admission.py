"""A picture is checked by its header: quickly, within limits, and whatever the bytes are."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging import jpeg, png
from imaging.admission import Header, PictureLimits, Reason, Rejected, inspect
from imaging.decode import decode
from tests.unit.imaging.pictures import (
    LIMITS,
    PROGRESSIVE,
    chunk,
    claiming,
    encoded,
    header_of,
    png_header,
    recoded,
    scene,
    with_segment,
)

JPEG = encoded(scene())
PROGRESSIVE_JPEG = encoded(scene(), ".jpg", *PROGRESSIVE)
GREY_JPEG = encoded(scene()[:, :, 0])
PNG = encoded(scene(), ".png")
SOF = b"\xff\xc0\x00\x11\x08"
IDAT = chunk(b"IDAT", zlib.compress(b"\0" * 64))


def reason(picture: bytes, limits: PictureLimits = LIMITS) -> Reason | None:
    found = inspect(picture, limits)
    return found.reason if isinstance(found, Rejected) else None


def test_a_camera_frame_is_described() -> None:
    assert header_of(JPEG) == Header(
        kind="jpeg",
        width=320,
        height=240,
        components=3,
        bits=8,
        progressive=False,
        scans=1,
        eoi_missing=False,
    )


def test_a_png_is_described() -> None:
    header = header_of(PNG)
    assert (header.kind, header.width, header.height) == ("png", 320, 240)
    assert (header.components, header.bits, header.eoi_missing) == (3, 8, False)


def test_a_grey_jpeg_has_one_component() -> None:
    assert header_of(GREY_JPEG).components == 1


def test_scans_of_a_progressive_jpeg_are_counted() -> None:
    header = header_of(PROGRESSIVE_JPEG)
    assert header.progressive
    assert header.scans == PROGRESSIVE_JPEG.count(b"\xff\xda")


@pytest.mark.parametrize("picture", [JPEG[:-2], JPEG[:-1], JPEG[: len(JPEG) // 2]])
def test_a_missing_end_marker_is_noted(picture: bytes) -> None:
    assert header_of(picture).eoi_missing


@pytest.mark.parametrize(
    "picture",
    [JPEG + b"garbage" * 100, JPEG + JPEG, JPEG + JPEG[:100], JPEG[:-2] + b"\xff\xff\xff\xd9"],
    ids=["garbage behind", "two frames", "a torn frame behind", "fill before the end"],
)
def test_bytes_around_the_end_marker_do_no_harm(picture: bytes) -> None:
    assert not header_of(picture).eoi_missing


@pytest.mark.parametrize(
    "picture",
    [
        JPEG[:2] + b"\xff\xff\xff" + JPEG[2:],
        JPEG[:20] + b"junk" + JPEG[20:],
        with_segment(JPEG, 0xE1, bytes(60_000)),
    ],
    ids=["fill bytes", "junk between segments", "a large APP1"],
)
def test_what_libjpeg_passes_over_is_passed_over(picture: bytes) -> None:
    assert header_of(picture).width == 320


REFUSED = {
    "nothing": (b"", Reason.EMPTY),
    "one byte": (b"\xff", Reason.UNKNOWN_TYPE),
    "SOI only": (b"\xff\xd8", Reason.TRUNCATED),
    "SOI then noise": (b"\xff\xd8\x00\x01\x02", Reason.UNKNOWN_TYPE),
    "magic only": (jpeg.MAGIC, Reason.TRUNCATED),
    "half a PNG signature": (png.MAGIC[:5], Reason.TRUNCATED),
    "PNG signature only": (png.MAGIC, Reason.TRUNCATED),
    "only FF": (b"\xff\xd8" + b"\xff" * 65_000, Reason.TRUNCATED),
    "only zeros": (bytes(65_000), Reason.UNKNOWN_TYPE),
    "part header before SOI": (b"--frame\r\nContent-Type: image/jpeg\r\n\r\n", Reason.UNKNOWN_TYPE),
    "HTML": (b"<html><body>401 Unauthorized</body></html>", Reason.UNKNOWN_TYPE),
    "JSON": (b'{"error": "no frame"}', Reason.UNKNOWN_TYPE),
    "ZIP": (b"PK\x03\x04" + bytes(30), Reason.UNKNOWN_TYPE),
    "GIF": (b"GIF89a" + bytes(30), Reason.UNSUPPORTED_TYPE),
    "WebP": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Reason.UNSUPPORTED_TYPE),
    "BMP": (b"BM" + bytes(60), Reason.UNSUPPORTED_TYPE),
    "TIFF": (b"II*\x00" + bytes(60), Reason.UNSUPPORTED_TYPE),
    "JPEG 2000": (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Reason.UNSUPPORTED_TYPE),
    "ICO": (b"\x00\x00\x01\x00" + bytes(60), Reason.UNSUPPORTED_TYPE),
    "PSD": (b"8BPS" + bytes(60), Reason.UNSUPPORTED_TYPE),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_TYPE),
    "MP4": (b"\x00\x00\x00\x18ftypisom" + bytes(60), Reason.UNSUPPORTED_TYPE),
    "cut in the header": (JPEG[:40], Reason.TRUNCATED),
    "cut in SOF": (JPEG[: JPEG.index(b"\xff\xc0") + 7], Reason.TRUNCATED),
    "cut before SOS": (JPEG[: JPEG.index(b"\xff\xda")], Reason.TRUNCATED),
    "end before a scan": (JPEG[: JPEG.index(b"\xff\xda")] + jpeg.EOI, Reason.MALFORMED),
    "scan before SOF": (jpeg.MAGIC[:2] + JPEG[JPEG.index(b"\xff\xda") :], Reason.MALFORMED),
    "two SOF": (
        JPEG.replace(b"\xff\xda", JPEG[JPEG.index(b"\xff\xc0") :][:19] + b"\xff\xda", 1),
        Reason.MALFORMED,
    ),
    "65500 squared": (claiming(JPEG, 65_500, 65_500), Reason.TOO_MANY_PIXELS),
    "30000 squared": (claiming(JPEG, 30_000, 30_000), Reason.TOO_MANY_PIXELS),
    "a long thin strip": (claiming(JPEG, 9_000, 40), Reason.TOO_MANY_PIXELS),
    "1x1": (claiming(JPEG, 1, 1), Reason.TOO_SMALL),
    "4000x1": (claiming(JPEG, 4_000, 1), Reason.TOO_SMALL),
    "0x0": (claiming(JPEG, 0, 0), Reason.ZERO_SIZE),
    "height 0 (DNL)": (claiming(JPEG, 320, 0), Reason.ZERO_SIZE),
    "lossless": (recoded(JPEG, 0xC3), Reason.UNSUPPORTED_CODING),
    "hierarchical": (recoded(JPEG, 0xC5), Reason.UNSUPPORTED_CODING),
    "12 bits": (JPEG.replace(SOF, b"\xff\xc1\x00\x11\x0c"), Reason.UNSUPPORTED_CODING),
    "20000 comments": (JPEG[:2] + b"\xff\xfe\x00\x02" * 20_000 + JPEG[2:], Reason.MALFORMED),
    "too many bytes": (JPEG + bytes(2_000_000), Reason.TOO_LARGE),
    "PNG of 2^31 squared": (png_header(2**31 - 1, 2**31 - 1) + IDAT, Reason.TOO_MANY_PIXELS),
    "PNG of 400 megapixels": (png_header(20_000, 20_000, 1, 0) + IDAT, Reason.TOO_MANY_PIXELS),
    "PNG 0x0": (png_header(0, 0) + IDAT, Reason.ZERO_SIZE),
    "PNG without IDAT": (png_header(64, 64) + png.IEND, Reason.MALFORMED),
    "PNG cut before IDAT": (png_header(64, 64), Reason.TRUNCATED),
    "PNG of odd depth": (png_header(64, 64, 7) + IDAT, Reason.MALFORMED),
    "PNG of odd colour": (png_header(64, 64, 8, 5) + IDAT, Reason.MALFORMED),
    "PNG with a torn header": (PNG[:20] + b"\xaa" + PNG[21:], Reason.MALFORMED),
    "PNG of 41 bytes that claims 4 GB of IDAT": (
        png_header(640, 480) + b"\xff\xff\xff\x00IDAT",
        Reason.TRUNCATED,
    ),
    "PNG that claims 4 GB of text behind its data": (
        png_header(64, 64) + IDAT + b"\xff\xff\xff\x00tEXt",
        Reason.TRUNCATED,
    ),
    "PNG of 2000x2000 with 8 bytes a pixel": (
        png_header(2_000, 2_000, 16, 6) + IDAT + png.IEND,
        Reason.TOO_MANY_PIXELS,
    ),
    "PNG of endless data chunks": (
        png_header(64, 64) + chunk(b"IDAT", b"") * 100_000,
        Reason.MALFORMED,
    ),
    "PNG of endless chunks": (PNG[:33] + chunk(b"tEXt", b"") * 100_000, Reason.MALFORMED),
}


@pytest.mark.parametrize(("picture", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_usable_picture_is_refused(picture: bytes, expected: Reason) -> None:
    assert reason(picture) is expected


@pytest.mark.parametrize("marker", [0xC1, 0xC9])
def test_extended_and_arithmetic_coding_are_let_through(marker: int) -> None:
    assert reason(recoded(JPEG, marker)) is None


def test_a_refusal_names_what_came_instead() -> None:
    found = inspect(b"GIF89a" + bytes(20), LIMITS)
    assert isinstance(found, Rejected)
    assert "GIF" in found.detail


def test_more_scans_than_the_limit_are_refused() -> None:
    few = PictureLimits(
        max_bytes=2_000_000, max_pixels=9_000_000, min_side_px=32, max_side_px=8192, max_scans=3
    )
    assert reason(PROGRESSIVE_JPEG, few) is Reason.TOO_MANY_SCANS


def test_a_large_picture_may_have_fewer_scans_than_a_small_one() -> None:
    last = PROGRESSIVE_JPEG[PROGRESSIVE_JPEG.rindex(b"\xff\xda") : -2]
    many = PROGRESSIVE_JPEG[:-2] + last * 20 + jpeg.EOI
    assert reason(many) is None
    assert reason(claiming(many, 3_000, 3_000)) is Reason.TOO_MANY_SCANS


def test_arithmetic_coding_and_a_missing_end_cost_passes() -> None:
    last = PROGRESSIVE_JPEG[PROGRESSIVE_JPEG.rindex(b"\xff\xda") : -2]
    open_ended = PROGRESSIVE_JPEG[:-2] + last * 10
    large = claiming(open_ended + jpeg.EOI, 2_000, 1_500)
    assert reason(large) is None
    assert reason(large[:-2]) is Reason.TOO_MANY_SCANS
    assert reason(large.replace(b"\xff\xc2", b"\xff\xca", 1)) is Reason.TOO_MANY_SCANS
    camera_like = claiming(PROGRESSIVE_JPEG, 3_000, 3_000)
    assert reason(camera_like) is None


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(("width", "height"), [(64, 64), (33, 57), (40, 35)])
@pytest.mark.parametrize(("bits", "colour"), [(1, 0), (4, 3), (8, 2), (16, 6)])
def test_what_a_png_inflates_to_is_known(
    width: int, height: int, bits: int, colour: int, interlace: int
) -> None:
    begins = png_header(width, height, bits, colour, interlace=interlace)
    begins += chunk(b"PLTE", bytes(48)) if colour == 3 else b""
    header = header_of(begins + IDAT)
    enough = begins + chunk(b"IDAT", zlib.compress(bytes(png.raw_bytes(header)))) + png.IEND
    assert not isinstance(decode(enough, header), Rejected)
    short = begins + chunk(b"IDAT", zlib.compress(bytes(png.raw_bytes(header) - 1))) + png.IEND
    lacking = decode(short, header)
    assert isinstance(lacking, Rejected)
    assert lacking.reason is Reason.TRUNCATED


@settings(max_examples=300)
@given(st.sampled_from((b"", jpeg.MAGIC, png.MAGIC, b"\xff\xd8", JPEG[:25])), st.binary())
def test_no_bytes_make_it_raise(beginning: bytes, rest: bytes) -> None:
    assert isinstance(inspect(beginning + rest, LIMITS), Header | Rejected)


@settings(max_examples=300)
@given(
    st.sampled_from((JPEG, PROGRESSIVE_JPEG, PNG)),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=8),
    st.integers(0, 3_000),
)
def test_no_damage_makes_it_raise(picture: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(picture)
    for at, value in changes:
        damaged[at] = value
    kept = bytes(damaged[: len(damaged) - cut])
    assert isinstance(inspect(kept, LIMITS), Header | Rejected)
