"""Whatever stands in a Frigate configuration is translated or refused in words."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.config import parse as parse_bridge
from edge.errors import ConfigError
from edge.frigate.translate import bridge_yaml, edge_yaml

KEYS = st.sampled_from(
    [
        *("detect", "width", "fps", "objects", "filters", "person", "mask", "min_area", "track"),
        *("motion", "zones", "coordinates", "inertia", "review", "alerts", "required_zones"),
        *("ffmpeg", "inputs", "path", "roles", "go2rtc", "streams", "mqtt", "host", "max_ratio"),
    ]
)
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [
        *(None, True, 0, -1, 10**400, float("nan"), "", "front", "0,0,1,0,1,1", "0,0,9,0,9,9"),
        *("rtsp://a:b@c/d", "rtsp://127.0.0.1:8554/a", ["person"], [{}], {"path": 3}),
        *("rtsp://a:99999/", "rtsp://[::1/", "http://:80/", "10.0.0.1:1883", "::1", "a..b"),
    ]
)
TREES = st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)))


@given(TREES, TREES)
@settings(max_examples=50, deadline=None)
def test_whatever_stands_there_is_translated_or_refused_in_words(
    general: dict[str, Any], front: dict[str, Any]
) -> None:
    document = yaml.safe_dump({**general, "cameras": {"front": front}}).encode()
    for translate in (edge_yaml, bridge_yaml):
        try:
            told = translate(document, {})
        except ConfigError as refused:
            told = "cameras: {}" if refused.problems else ""
        assert set(yaml.safe_load(told)["cameras"]) <= {"front"}
        if translate is bridge_yaml:
            parse_bridge(told, "told")
