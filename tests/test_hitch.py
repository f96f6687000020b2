"""Vehicles that bend: the rear part follows the hitch without slipping, and what hangs on the hitch turns with it."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.actors.buses import Bus
from simulator.actors.trucks import Truck
from simulator.numerics.rng import generator
from simulator.scene import Model
from simulator.world.hitch import hitch_angles


def _model(kind: str) -> Model:
    rng = generator(3, "hitch", kind)
    actor = Bus(style="articulated", size=0.5) if kind == "bus" else Truck(body="semi", size=0.5)
    return actor.models(rng)[0]


@pytest.mark.parametrize("kind", ["bus", "semi"])
@pytest.mark.parametrize("radius_m", [14.0, -25.0, 200.0])
def test_on_a_circle_the_rear_part_takes_the_angle_of_rolling_without_slip(kind: str, radius_m: float) -> None:
    """Both axles and the hitch turn about one centre: two right-angled triangles give the angle."""
    model = _model(kind)
    yaw = np.linspace(0.0, 2.0, 800) * np.sign(radius_m)
    position = radius_m * np.stack([np.sin(yaw), 1.0 - np.cos(yaw), 0.0 * yaw], axis=1)
    turned = hitch_angles(model, position, yaw)
    behind = np.hypot(model.hitch_m, radius_m)
    expected = np.arctan(model.hitch_m / radius_m) - np.sign(radius_m) * np.arcsin(model.following_m / behind)
    assert turned[0] == pytest.approx(expected, abs=1e-3)
    assert turned[-1] == pytest.approx(expected, abs=2e-3)


def test_an_axle_that_is_drawn_straight_comes_into_line_exponentially() -> None:
    """tan(angle / 2) of a tractrix falls by exp(-way / length)."""
    model = _model("semi")
    way = np.linspace(0.0, 30.0, 6001)
    yaw = np.where(way < 10.0, way / 20.0, 0.5)
    ahead = np.stack([np.cos(yaw), np.sin(yaw), 0.0 * yaw], axis=1)
    position = np.cumsum(ahead * np.gradient(way)[:, None], axis=0)
    turned = hitch_angles(model, position, yaw)
    a, b = turned[2400], turned[5400]
    decay = np.exp(-(way[5400] - way[2400]) / model.following_m)
    assert np.tan(b / 2) / np.tan(a / 2) == pytest.approx(decay, rel=2e-3)


def test_what_stands_or_is_rigid_does_not_bend() -> None:
    still, straight = np.zeros((5, 3)), np.zeros(5)
    assert not hitch_angles(_model("bus"), still, straight).any()
    rigid = Truck(body="box", size=0.5).models(generator(1, "rigid"))[0]
    assert rigid.following_m == 0.0 and not hitch_angles(rigid, np.cumsum(np.ones((5, 3)), 0), np.arange(5.0)).any()


@pytest.mark.parametrize("kind", ["bus", "semi"])
def test_rear_part_turns_about_the_hitch_and_the_front_stays(kind: str) -> None:
    model, angle = _model(kind), 0.4
    rest = model.posed()
    bent = model.posed(gait_rad=angle)
    moved = [k for k, (a, b) in enumerate(zip(rest, bent)) if np.abs(a - b).max() > 0.05]
    assert 0 < len(moved) < len(model.bodies) and 0 not in moved
    # The farthest corner at the rear swings by the chord of the angle about the hitch.
    tail = min(moved, key=lambda k: rest[k][:, 0].min())
    corner = rest[tail][:, 0].argmin()
    arm = rest[tail][corner, :2] - [model.hitch_m, 0.0]
    chord = 2.0 * np.sin(angle / 2) * np.hypot(*arm)
    assert np.hypot(*(bent[tail][corner] - rest[tail][corner])[:2]) == pytest.approx(chord, rel=1e-4)
