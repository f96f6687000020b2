"""Animals that watch the ego: where they turn their heads, how fast, and boxes that hold them; flight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_actors import models
from test_anomalies import site

from simulator.actors.animal_heads import Hide
from simulator.anomalies.animals import Animals
from simulator.numerics.rng import generator
from simulator.scene import SceneBuilder
from simulator.world.glances import FASTEST_RAD_S, NOTICED_M, REACH_RAD, followed, looking

SECONDS = np.arange(0.0, 8.0, 0.01)


def test_heads_follow_what_passes() -> None:
    """On a straight road, 3 m to the side: the bearing is atan2(3, x), followed with a lag of a quarter of a second."""
    x = 120.0 - 15.0 * SECONDS
    yaw = followed(np.stack([x, np.full_like(x, 3.0)], 1), 0.0, SECONDS)
    assert (yaw[np.hypot(x, 3.0) > NOTICED_M] == 0.0).all()
    late = (x < 50.0) & (x > 10.0)
    assert yaw[late] == pytest.approx(np.arctan2(3.0, x[late]), abs=0.12)
    assert np.abs(yaw).max() <= REACH_RAD
    assert np.abs(np.diff(yaw)).max() <= FASTEST_RAD_S * 0.01 + 1e-12


@pytest.mark.parametrize("yaw", [0.0, 1.1, -2.0])
@pytest.mark.parametrize("kind", ["deer", "fox"])
def test_noses_point_where_they_look_and_boxes_hold_them(kind: str, yaw: float) -> None:
    (model,) = models(kind, 1, pose="standing")
    (body,) = model.bodies
    gait = np.array([0.0, yaw * np.pi / model.watch_rad])
    points = model.posed(gait_rad=float(gait[1]))[0].astype(np.float64)
    middle = {
        slot: points[np.unique(body.mesh.faces[body.mesh.slots == slot])].mean(0) for slot in (Hide.EYE, Hide.NOSE)
    }
    ahead = middle[Hide.NOSE] - middle[Hide.EYE]
    assert np.arctan2(ahead[1], ahead[0]) == pytest.approx(yaw, abs=0.08)
    builder = SceneBuilder((0.0, 0.0, 0.0))
    row = builder.add_object(model, (1.0, 2.0, 0.0), moving=True)
    shown = looking(builder.objects, {row: gait})[row].model
    assert shown is not None
    low, high = shown.bounds
    assert (points > low - 1e-5).all() and (points < high + 1e-5).all()


@pytest.mark.parametrize("kerb_side", [-1.0, 1.0])
def test_who_flees_gallops_to_its_side_of_the_road_and_away(kerb_side: float) -> None:
    """No faster than roe deer run (60 km/h), and faster by less than legs find hold for (g)."""
    where = site(kerb_side)
    values: dict[str, Any] = {
        "species": "deer",
        "count": 3,
        "lateral_m": 0.0,
        "ahead_m": 40.0,
        "trigger_m": 30.0,
        "speed_mps": 2.0,
    }
    Animals(**values, crossing=0.0, flees=1.0).place(where, generator(1, "anomaly"))
    assert len(where.motions) == 3
    for motion in where.motions:
        way = motion.points[-1] - motion.points[0]
        assert way[1] * kerb_side > 15.0
        assert way[0] > 0.0
        assert 5.0 < motion.speed_mps < 60.0 / 3.6
        assert motion.acceleration_mps2 < 9.8
        assert motion.initial_speed_mps == 0.0
    still = site(kerb_side)
    Animals(**values, crossing=0.0, flees=0.0).place(still, generator(1, "anomaly"))
    assert not still.motions
