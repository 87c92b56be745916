"""Five shapes of payload are told apart, and none of them costs more than it should."""

import base64
import codecs
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.schema import JsonPathsConfig
from edge.intake.payload import UnpackedPicture, sniff
from edge.intake.texts import claimed_time
from imaging.admission import Reason, Rejected
from tests.unit.imaging.pictures import encoded, scene

PATHS = JsonPathsConfig()
MAX_BYTES = 100_000
JPEG = encoded(scene(64, 48))
PNG = encoded(scene(64, 48), ".png")
TEXT = base64.b64encode(JPEG).decode()
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def picture_in(payload: bytes, paths: JsonPathsConfig = PATHS) -> bytes:
    found = sniff(payload, paths, MAX_BYTES)
    assert isinstance(found, UnpackedPicture), found
    return found.data


def reason(payload: bytes, max_bytes: int = MAX_BYTES) -> Reason | None:
    found = sniff(payload, PATHS, max_bytes)
    return found.reason if isinstance(found, Rejected) else None


SHAPES = {
    "raw": JPEG,
    "base64": TEXT.encode(),
    "base64 in lines": base64.encodebytes(JPEG),
    "base64 with CRLF before": b"\r\n  " + TEXT.encode() + b"\r\n",
    "base64 without padding": TEXT.rstrip("=").encode(),
    "URL-safe base64": base64.urlsafe_b64encode(JPEG),
    "data URI": b"data:image/jpeg;base64," + TEXT.encode(),
    "data URI with parameters": b"data:image/jpeg;charset=utf-8;BASE64," + TEXT.encode(),
    "JSON": json.dumps({"image": TEXT}).encode(),
    "JSON with a data URI": json.dumps({"img": "data:image/jpeg;base64," + TEXT}).encode(),
    "JSON with escaped slashes": json.dumps({"data": TEXT}).replace("/", "\\/").encode(),
    "JSON with space before": b" \n" + json.dumps({"payload": TEXT}).encode(),
    "JSON with base64 in lines": b'{"image": "' + base64.encodebytes(JPEG) + b'"}',
    "a text in JSON": json.dumps(TEXT).encode(),
    "a list of one text": json.dumps([TEXT]).encode(),
    "a list of one object": json.dumps([{"image": TEXT}]).encode(),
    "a list of bytes": json.dumps(list(JPEG)).encode(),
    "a list of bytes under a key": json.dumps({"image": list(JPEG)}).encode(),
    "Node's buffer": json.dumps({"type": "Buffer", "data": list(JPEG)}).encode(),
    "Node's buffer under a key": json.dumps(
        {"image": {"type": "Buffer", "data": list(JPEG)}}, separators=(",", ":")
    ).encode(),
    "data.image": json.dumps({"id": 7, "data": {"image": TEXT}}).encode(),
    "payload.value.image": json.dumps({"payload": {"value": {"image": TEXT}}}).encode(),
    "a byte order mark before base64": codecs.BOM_UTF8 + TEXT.encode(),
    "a byte order mark before JSON": codecs.BOM_UTF8 + json.dumps({"image": TEXT}).encode(),
    "a byte order mark before the picture": codecs.BOM_UTF8 + JPEG,
    "NUL behind base64": TEXT.encode() + bytes(3),
    "NUL before the picture": bytes(5) + JPEG,
    "blank lines before the picture": b"\r\n\r\n" + JPEG,
    "Python's print of base64": repr(base64.b64encode(JPEG)).encode(),
    "Python's print of base64 in lines": repr(base64.encodebytes(JPEG)).encode(),
    "Python's print of the picture": repr(JPEG).encode(),
    "a part of an MJPEG stream": b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG,
    "a part with bare line feeds": b"--frame\nContent-Type: image/jpeg\n\n" + JPEG,
    "beside its name and its address": json.dumps(
        {"image": "front.jpg", "data": "http://camera/snap.jpg", "picture": TEXT}
    ).encode(),
    "a part's headers alone": b"Content-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n" + JPEG,
    "taken for Latin-1": JPEG.decode("latin-1").encode(),
}


@pytest.mark.parametrize("payload", SHAPES.values(), ids=SHAPES.keys())
def test_the_picture_is_found_in_every_shape(payload: bytes) -> None:
    assert picture_in(payload) == JPEG


@pytest.mark.parametrize("payload", [PNG, base64.b64encode(PNG)], ids=["raw", "base64"])
def test_a_png_is_found_too(payload: bytes) -> None:
    assert picture_in(payload) == PNG


def test_anything_else_is_handed_on_for_its_type_to_be_named() -> None:
    assert picture_in(b"<html>401</html>") == b"<html>401</html>"


def test_paths_lead_through_objects_and_arrays_and_the_first_hit_wins() -> None:
    paths = JsonPathsConfig(image=("nothing", "shots.1.jpeg", "image"))
    document = {"image": "####", "nothing": 3, "shots": [{}, {"jpeg": TEXT}]}
    assert picture_in(json.dumps(document).encode(), paths) == JPEG


def test_the_cameras_time_is_taken_as_a_claim() -> None:
    document = {"image": TEXT, "timestamp": "no clock", "ts": NOON.timestamp()}
    found = sniff(json.dumps(document).encode(), PATHS, MAX_BYTES)
    assert isinstance(found, UnpackedPicture)
    assert found.captured_at == NOON


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-01T12:00:00Z",
        "2024-05-01T14:00:00+02:00",
        "2024-05-01 12:00:00.000Z",
        1714564800,
        1714564800.0,
        1714564800000,
        "1714564800",
        "1714564800000",
    ],
)
def test_times_are_read_as_rfc3339_or_unix_seconds_or_milliseconds(value: object) -> None:
    assert claimed_time(value) == NOON


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        12,
        -5,
        1e300,
        float("nan"),
        float("inf"),
        "",
        "yesterday",
        "2024-05-01T12:00:00",
        "1970-01-01T00:00:10Z",
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+23:00",
        "nan",
        [1714564800],
    ],
)
def test_a_nonsense_time_is_no_time(value: object) -> None:
    assert claimed_time(value) is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", Reason.EMPTY),
        (b"data:image/jpeg;base64,", Reason.EMPTY),
        (b"/9j/4AAQ<html>", Reason.BAD_BASE64),
        (b"/9j/4", Reason.BAD_BASE64),
        (b"data:image/jpeg,%FF%D8", Reason.BAD_BASE64),
        (b"data:image/jpeg;base64", Reason.BAD_BASE64),
        (b'{"image": "http://camera/snap.jpg"}', Reason.BAD_BASE64),
        ('{"image": "/9j/\u00e4"}'.encode(), Reason.BAD_BASE64),
        (b'{"image": ', Reason.BAD_JSON),
        (b'{"image": "\xff\xfe"}', Reason.BAD_JSON),
        (b'{"image": ' + b"9" * 5_000 + b"}", Reason.BAD_JSON),
        (b'{"a": ' + b"[" * 9_000, Reason.BAD_JSON),
        (b'{"a": [' + b"{}," * 30_000 + b"{}]}", Reason.BAD_JSON),
        (b'{"error": "no frame"}', Reason.NO_IMAGE_IN_JSON),
        (b'{"image": ""}', Reason.NO_IMAGE_IN_JSON),
        (b'{"image": {"url": "x"}}', Reason.NO_IMAGE_IN_JSON),
        (JPEG + bytes(MAX_BYTES), Reason.TOO_LARGE),
        (b"/9j/" + b"A" * (2 * MAX_BYTES), Reason.TOO_LARGE),
        (b"/9j/" + b"A" * (MAX_BYTES // 3 * 4), Reason.TOO_LARGE),
        (b'{"image": "' + b" " * 3 * MAX_BYTES + b'"}', Reason.TOO_LARGE),
    ],
)
def test_what_holds_no_picture_is_refused(payload: bytes, expected: Reason) -> None:
    assert reason(payload) is expected


def test_a_picture_at_an_unknown_place_is_refused_with_the_key_that_accepts_it() -> None:
    found = sniff(json.dumps({"a": [{"shot": TEXT}]}).encode(), PATHS, MAX_BYTES)
    assert isinstance(found, Rejected)
    assert found.detail == "a picture stands at `a.0.shot`: add it to intake.json_paths.image"
    paths = JsonPathsConfig(image=("a.0.shot",))
    assert picture_in(json.dumps({"a": [{"shot": TEXT}]}).encode(), paths) == JPEG


def test_long_and_unprintable_keys_of_strangers_are_not_repeated_whole() -> None:
    for key in ("k" * 500_000, "\ud800\x1b[31m"):
        found = sniff(json.dumps({key: TEXT}).encode(), PATHS, MAX_BYTES)
        assert isinstance(found, Rejected)
        assert len(found.detail) < 300
        assert found.detail.isprintable()


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b'{"image": "http://eve:s3cret@camera/x.jpg"}', "an address instead of a picture"),
        (b'{"image": "rtsp://u:s3cret@c"}', "an address instead of a picture"),
        (json.dumps(json.dumps({"image": TEXT})).encode(), "JSON that is a text within JSON"),
        (json.dumps({"image": JPEG.hex()}).encode(), "hexadecimal digits"),
    ],
)
def test_a_text_that_is_no_base64_is_named_without_what_is_secret_in_it(
    payload: bytes, words: str
) -> None:
    found = sniff(payload, PATHS, MAX_BYTES)
    assert isinstance(found, Rejected)
    assert words in found.detail
    assert "s3cr" not in found.detail


def test_binary_that_became_text_is_named() -> None:
    found = sniff(JPEG.decode("utf-8", "replace").encode(), PATHS, MAX_BYTES)
    assert isinstance(found, Rejected)
    assert found.reason is Reason.UNKNOWN_TYPE
    assert "turned into UTF-8 text" in found.detail


PAUSES = ", \r\n\t"


@given(st.lists(st.sampled_from((",", ", ", " ,", ",\n\t", "\r\n ,  ")), min_size=1))
def test_bytes_as_numbers_are_read_however_they_are_spaced(commas: list[str]) -> None:
    numbers = "".join(f"{byte}{commas[n % len(commas)]}" for n, byte in enumerate(JPEG))
    assert picture_in(f"[ {numbers.rstrip(PAUSES)} ]".encode()) == JPEG


@pytest.mark.parametrize(
    "damage", ["256", "-1", "1.5", "1 2", "", " ", "4294967551", "9" * 40, "null", "[9]"]
)
def test_an_array_in_which_one_is_no_byte_is_no_picture(damage: str) -> None:
    numbers = [str(byte) for byte in JPEG]
    for place in (0, 300, len(JPEG) - 1):
        damaged = [*numbers[:place], damage, *numbers[place + 1 :]]
        refused = reason(f"[{','.join(damaged)}]".encode())
        assert refused in (Reason.BAD_JSON, Reason.NO_IMAGE_IN_JSON)


@pytest.mark.timeout(60)  # milliseconds; quadratic, it would be minutes
@pytest.mark.parametrize(
    "payload", [b"[" + b"1," * 200_000, b"[[" * 100_000, b"[1" * 100_000 + b",2" * 100_000]
)
def test_arrays_without_end_take_linear_time(payload: bytes) -> None:
    assert reason(payload) is not None


def test_a_picture_of_just_the_limit_passes_in_every_shape() -> None:
    for payload in SHAPES.values():
        assert reason(payload, len(JPEG)) is None
        refused = sniff(payload, PATHS, len(JPEG) - 1)
        assert isinstance(refused, Rejected)
        assert refused.reason is Reason.TOO_LARGE
        assert "raise intake.limits.max_bytes" in refused.detail


@settings(max_examples=300)
@given(
    st.sampled_from(
        (
            b"",
            b"{",
            b"[1,2",
            b"b'",
            b'"',
            b"--",
            b"data:",
            b"/9j/",
            b'{"image": "',
            b'{"ts": ',
            b" iVBORw0KGgo",
        )
    ),
    st.binary(),
)
def test_no_payload_makes_it_raise(beginning: bytes, rest: bytes) -> None:
    assert isinstance(sniff(beginning + rest, PATHS, MAX_BYTES), UnpackedPicture | Rejected)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(("image", "ts", "a")), inner),
)


@given(st.dictionaries(st.sampled_from(("image", "data", "ts", "time")), JSON_VALUES))
def test_no_json_makes_it_raise(document: dict[str, object]) -> None:
    paths = JsonPathsConfig(image=("image.a", "image", "data.0"), time=("ts.a", "ts", "time"))
    assert isinstance(
        sniff(json.dumps(document).encode(), paths, MAX_BYTES), UnpackedPicture | Rejected
    )
