"""Variants of a configuration: one stage the other way round."""

from __future__ import annotations

import pytest

from edge.config.load import load
from tools.evaluation.ablation.__main__ import AblationRow, markdown
from tools.evaluation.ablation.variants import (
    SWITCHES,
    Switch,
    changed,
    each_alone,
    is_off,
    known,
    values,
    without_each,
)


def test_each_stage_that_this_version_has_is_turned_round_once() -> None:
    loaded = load(None, {})
    first, *others = without_each(loaded)
    assert first.loaded == loaded
    names = [variant.name for variant in others]
    assert len(set(names)) == len(names)
    assert "without gate" in names
    for variant in others:
        turned = [
            switch.name
            for switch in known(loaded.config)
            if is_off(loaded.config, switch) != is_off(variant.loaded.config, switch)
        ]
        assert [name for name in turned if name in variant.name] == turned
        assert len(turned) == 1


def test_a_variant_has_the_digest_of_its_own_values() -> None:
    digests = [variant.loaded.sha256 for variant in without_each(load(None, {}))]
    assert len(set(digests)) == len(digests)


def test_alone_means_that_every_other_stage_is_off() -> None:
    bare, *alone = each_alone(load(None, {}))
    assert all(is_off(bare.loaded.config, switch) for switch in known(bare.loaded.config))
    for variant in alone:
        on = [s for s in known(variant.loaded.config) if not is_off(variant.loaded.config, s)]
        assert [f"{switch.name} alone" for switch in on] in ([variant.name], [])


def test_every_rule_changes_where_a_path_has_a_star() -> None:
    config = load(None, {}).config
    steps = ("decide", "rules", "*", "threshold")
    assert len(set(values(config, steps))) > 1
    assert set(values(changed(config, steps, 0.0), steps)) == {0.0}


@pytest.mark.parametrize("path", ["gate.warp", "warp", "gate.enabled.more"])
def test_a_key_that_is_not_there_is_left_out(path: str) -> None:
    switch = Switch("warp", path)
    assert not list(values(load(None, {}).config, switch.steps()))
    with pytest.raises((KeyError, AttributeError)):
        changed(load(None, {}).config, switch.steps(), True)


def test_most_switches_are_there() -> None:
    assert len(known(load(None, {}).config)) >= len(SWITCHES) / 2


def test_the_table_has_a_row_per_variant() -> None:
    row = AblationRow(
        variant="without gate",
        config_sha256="0",
        events=11,
        found=10,
        edge_found=11,
        edge_false=3,
        false=1,
        frames=100,
        analysed=40,
        inferences_per_frame=0.8,
        bytes_share=0.05,
        small_boxes=10,
        small_found=4,
    )
    assert "| without gate | 10 of 11 | 11 | 1 | 3 | 40.0 % | 0.80 | 5.0 % | 40.0 % |" in markdown(
        "dev", [row]
    )
