"""esmini's scenarios, played: trajectories and the order of events against its own."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from golden_scenarios import Score, golden_names, score

MATERIAL = os.environ.get("ODDROAD_MATERIAL")
pytestmark = pytest.mark.skipif(MATERIAL is None, reason="needs ODDROAD_MATERIAL")

# Files that hold a catalog and no scenario: we refuse them, esmini plays them as nothing.
CATALOGS = {
    "esmini__resources__scenario_construct_examples__Catalogs__Maneuvers__my_trajectory_catalog",
    "esmini__resources__xosc__Catalogs__Maneuvers__HWManeuvers",
}


@cache
def scores() -> list[Score]:
    assert MATERIAL is not None
    material = Path(MATERIAL)
    return [score(material, name) for name in golden_names(material) if name not in CATALOGS]


def test_nothing_fails() -> None:
    assert [f"{each.name}: {each.problem}" for each in scores() if each.problem] == []


def test_entities_stay_within_ten_centimetres_and_one_degree() -> None:
    good = sum(each.good for each in scores())
    total = sum(len(each.entities) for each in scores())
    bad = [each.name for each in scores() if each.good < len(each.entities)]
    assert good >= 0.92 * total, bad


def test_events_happen_in_the_same_order() -> None:
    bad = {each.name: each.first_difference for each in scores() if not each.same_events}
    assert len(bad) <= 0.06 * len(scores()), bad


def test_all_scenarios_of_the_alks_regulation_agree() -> None:
    alks = [each for each in scores() if each.name.startswith("alks__")]
    assert len(alks) == 15
    assert [each.name for each in alks if each.good < len(each.entities) or not each.same_events] == []
