"""Children against published tables: heads, growth, cadence."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.actors.gait import WALK_RUN_FROUDE, froude, striding_m
from simulator.actors.head import head_mesh
from simulator.actors.people import SEXES, Child, Pedestrian
from simulator.actors.physique import Part, Physique
from simulator.actors.wardrobe import adult, child
from simulator.numerics.rng import generator

# Stature in head heights by age (Stratz, Der Koerper des Kindes, 1909; adults: Farkas, vertex to chin, 1994).
HEADS = {2.0: 5.0, 6.0: 6.0, 12.0: 7.0, 30.0: 7.6}
# Girth of the head in metres, girls and boys (WHO Child Growth Standards, head circumference for age, medians, 2007).
GIRTH_M = {2.0: 0.478, 3.0: 0.490, 5.0: 0.503}
# Walking speed in m/s and steps a minute (Sutherland et al., The Development of Mature Walking, 1988).
WALKING = {2.0: (0.72, 156.0), 3.0: (0.86, 154.0), 7.0: (1.14, 144.0), 30.0: (1.22, 114.0)}


def _bodies(age_years: float) -> list[Physique]:
    return [
        (child(age_years, sex, 4, rng) if age_years < 13 else adult(sex, 4, "casual", 0.0, rng)).physique
        for n in range(12)
        for sex in SEXES
        for rng in [generator(n, "child", sex)]
    ]


@pytest.mark.parametrize("age", HEADS)
def test_heads_are_as_large_for_the_body_as_at_that_age(age: float) -> None:
    heads = np.mean([p.height / p.head for p in _bodies(age)])
    assert heads == pytest.approx(HEADS[age], rel=0.04)


@pytest.mark.parametrize("age", GIRTH_M)
def test_heads_of_children_are_as_round_as_measured_ones(age: float) -> None:
    p = _bodies(age)[0]
    dress = child(age, "male", 4, generator(0, "bare")).dress
    mesh = head_mesh(p, dress, generator(0, "face"))
    skull = np.unique(mesh.faces[mesh.slots == Part.SKIN])
    x, y, z = mesh.vertices[skull].T.astype(np.float64)
    level = np.abs(z - (p.height - 0.34 * p.head)) < 0.05 * p.head  # above ears and brows
    a, b = np.ptp(x[level]) / 2, np.ptp(y[level]) / 2
    girth = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))  # of an ellipse (Ramanujan)
    assert girth == pytest.approx(GIRTH_M[age], rel=0.06)


def test_a_grown_child_has_an_adult_s_outline_and_a_small_one_a_belly() -> None:
    """Trunks of toddlers are deepest at the navel and narrower at the shoulders; at 12 they are nearly as adults'."""
    small, tall = (_bodies(age)[0] for age in (3.0, 12.0))
    assert small.shoulder_y / small.height < tall.shoulder_y / tall.height
    assert small.head_broad > 1.1 > 1.04 > tall.head_broad


@pytest.mark.parametrize("age", WALKING)
def test_cadence_at_the_usual_speed_is_that_of_the_age(age: float) -> None:
    speed, cadence = WALKING[age]
    steps = np.mean([120.0 * speed / striding_m(p.hip_z, speed) for p in _bodies(age)])
    assert steps == pytest.approx(cadence, rel=0.09)


@pytest.mark.parametrize("age", WALKING)
@pytest.mark.parametrize("sex", SEXES)
def test_people_walk_as_fast_as_measured_at_their_age_and_children_run(age: float, sex: str) -> None:
    if age > 12:
        assert Pedestrian(age_years=age, sex=sex).usual_mps == pytest.approx(WALKING[age][0], rel=0.18)
        return
    actor = Child(age_years=age, sex=sex)
    assert actor.usual_mps == pytest.approx(WALKING[age][0], rel=0.06)
    assert actor.running_mps > 1.7 * actor.usual_mps
    for p in _bodies(age):
        assert froude(p.hip_z, actor.running_mps) > WALK_RUN_FROUDE > froude(p.hip_z, actor.usual_mps)
