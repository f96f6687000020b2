"""Two-wheelers that crash lie down, and their riders come off and lie beside them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.actors.bicycles import Bicycle
from simulator.actors.motorcycles import Motorcycle
from simulator.numerics import se3
from simulator.numerics.rng import generator
from simulator.world.falling import LYING_RAD, fall, off_the_saddle


@pytest.mark.parametrize("kind", [Motorcycle, Bicycle])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_who_has_fallen_lies_on_the_ground_and_not_in_the_saddle(kind: type[Motorcycle | Bicycle], side: float) -> None:
    vehicle, rider = kind().models(generator(3, "fall"))
    since_s = np.linspace(-1.0, 2.0, 61)
    rpy = np.tile([0.1 * side, 0.0, 0.7], (61, 1))
    position = np.tile([10.0, 20.0, 0.0], (61, 1))
    position[:, 2] += fall(rpy, since_s, [vehicle])
    places, turns = off_the_saddle(position, rpy, since_s, [vehicle], rider)
    before = since_s < 0.0
    assert np.array_equal(places[before], position[before]) and np.array_equal(turns[before], rpy[before])
    assert rpy[-1, 0] == pytest.approx(side * LYING_RAD)
    middles = []
    for model, at, angles in ((vehicle, position[-1], rpy[-1]), (rider, places[-1], turns[-1])):
        points = np.concatenate(model.posed())
        world = points @ se3.pose(at, *angles)[:3, :3].T + at
        assert world[:, 2].min() == pytest.approx(0.0, abs=0.02)
        middles.append(world.mean(axis=0))
    assert middles[1][2] < 0.4  # nobody sits there
    across = np.array([-np.sin(0.7), np.cos(0.7)])
    assert (middles[1] - middles[0])[:2] @ across * -side > 0.5  # further to the side to which both fell
