"""What `info` says of an agent, against the same worked out another way from where everybody is."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import Polygon

from simulator.traffic.person import Being
from simulator.traffic.signals import Colour
from simulator.traffic.state import Control

DT = 0.1
HORIZON_S, SAMPLE_S = 10.0, 0.02


def single(task: str, **options: Any) -> Any:
    return gymnasium.make(f"simulator:OddRoad/{task}-v0", disable_env_checker=True, **options).unwrapped


def corners(v: Any, driver: Any) -> NDArray[np.float64]:
    """(4, 2) of a vehicle's box."""
    c, s = np.cos(v["yaw"]), np.sin(v["yaw"])
    ahead = np.array([driver["front"], driver["front"], -driver["rear"], -driver["rear"]])
    left = driver["half_width"] * np.array([1.0, -1.0, -1.0, 1.0])
    return np.stack([v["x"] + ahead * c - left * s, v["y"] + ahead * s + left * c], axis=1)


def time_to_collision(core: Any) -> float:
    """s until the agent's box touches another's box or a person's disc, as all move now, by polygons that move on."""
    vehicles, drivers, people = core.actors.vehicles[0], core.actors.drivers[0], core.actors.people[0]
    me, box = vehicles[0], Polygon(corners(vehicles[0], drivers[0]))

    def velocity(v: Any) -> NDArray[np.float64]:
        c, s = np.cos(v["yaw"]), np.sin(v["yaw"])
        return np.array([v["speed"] * c - v["lateral_speed"] * s, v["speed"] * s + v["lateral_speed"] * c])

    own, first = velocity(me), np.inf
    others = [
        (Polygon(corners(v, d)), velocity(v))
        for v, d in zip(vehicles[1:], drivers[1:])
        if v["control"] not in (Control.NOBODY, Control.ARRIVED)
    ]
    for p in people[people["being"] != Being.NOBODY]:
        turns = np.linspace(0.0, 2.0 * np.pi, 33)[:-1]
        ring = np.stack([p["x"] + p["radius"] * np.cos(turns), p["y"] + p["radius"] * np.sin(turns)], axis=1)
        others.append((Polygon(ring), np.array([p["vx"], p["vy"]])))
    for shape, moves in others:
        towards = moves - own
        if shape.distance(box) > np.hypot(*towards) * HORIZON_S:
            continue
        for t in np.arange(0.0, HORIZON_S, SAMPLE_S):
            if Polygon(np.array(shape.exterior.coords) + towards * t).distance(box) < 0.01:
                first = min(first, float(t))
                break
    return first


def test_measures_are_those_of_the_motion() -> None:
    env, near = single("Urban", vehicles=40, people=30, blocks_x=2, blocks_y=2, ends_on=[]), 0
    random = np.random.default_rng(2)
    for seed in range(6):
        env.reset(seed=seed)
        row = env.core.actors.vehicles[0]
        before, sideways = row[0].copy(), None
        action = np.zeros(2, np.float32)
        for step in range(60):
            action = np.clip(action + random.normal(0.0, (0.02, 0.3)), (-0.1, -1.0), (0.1, 1.0)).astype(np.float32)
            _, _, _, _, info = env.step(action)
            now = row[0].copy()
            moved = np.hypot(now["x"] - before["x"], now["y"] - before["y"])
            assert info["speed_mps"] == pytest.approx(now["speed"])
            assert 0.5 * (now["speed"] + before["speed"]) * DT == pytest.approx(moved, abs=0.005)
            gained = (now["speed"] - before["speed"]) / DT
            if now["speed"] > 0.5 and before["speed"] > 0.5:
                assert info["acceleration_mps2"] == pytest.approx(gained, abs=0.05)
                turned = (now["yaw"] - before["yaw"]) / DT
                assert info["lateral_acceleration_mps2"] == pytest.approx(now["speed"] * turned, abs=0.4)
                if sideways is not None:
                    change = info["acceleration_mps2"] - sideways[0], info["lateral_acceleration_mps2"] - sideways[1]
                    assert info["jerk_mps3"] == pytest.approx(np.hypot(*change) / DT, rel=1e-6, abs=1e-6)
            sideways = info["acceleration_mps2"], info["lateral_acceleration_mps2"]
            before = now
            if step % 6 == 0:
                expected = time_to_collision(env.core)
                if np.isfinite(expected) or np.isfinite(info["time_to_collision_s"]):
                    both = min(expected, HORIZON_S), min(info["time_to_collision_s"], HORIZON_S)
                    assert both[0] == pytest.approx(both[1], abs=0.05)
                    near += 1
    assert near > 10


def test_red_lights_are_those_that_the_front_passes_at_red() -> None:
    env, passed = single("Intersection", vehicles=0, people=0, ends_on=["red_light"]), {True: 0, False: 0}
    for seed in range(12):
        env.reset(seed=seed)
        core = env.core
        v, driver = core.actors.vehicles[0, 0], core.actors.drivers[0, 0]
        lane = int(v["lane"])
        # The line where its lane's traffic stands: before the crossing, across the lane, from the map's signals.
        gates = core.traffic.ground.gates.gates
        after = int(v["ways"][0])
        s = float(core.lanes.lanes["length"][lane] + gates["stop"][after])
        signal = int(gates["signal"][after])
        for _ in range(400):
            front = float(v["s"] + driver["front"]) if int(v["lane"]) == lane else np.inf
            colour = int(core.traffic.signals[0, signal])
            _, _, terminated, truncated, info = env.step(np.array([0.0, 0.3 if v["speed"] < 8.0 else 0.0], np.float32))
            after_front = float(v["s"] + driver["front"]) if int(v["lane"]) == lane else np.inf
            crosses = front <= s < after_front
            colours = {colour, int(core.traffic.signals[0, signal])}
            if crosses and len(colours) == 1:
                assert info["red_light"] == (colour == Colour.RED) == terminated
                passed[bool(info["red_light"])] += 1
            else:
                assert not info["red_light"] or crosses
            if crosses or terminated or truncated:
                break
    assert passed[True] > 2 and passed[False] > 2


def test_agents_that_have_crashed_are_in_the_way_of_the_others_of_their_world() -> None:
    pytest.importorskip("pettingzoo")
    from simulator.envs.parallel import parallel_env

    env = parallel_env("highway", agents_per_world=8, vehicles=30, duration_s=30.0, policy_hz=10, physics_hz=10)
    env.reset(seed=3)
    vehicles, stands = env.core.actors.vehicles[0], {}
    for _ in range(250):
        _, _, terminated, _, infos = env.step(dict.fromkeys(env.agents, 3))
        for name, over in terminated.items():
            if over and infos[name]["collision"]:
                stands[int(name[6:])] = vehicles[int(name[6:])].copy()
        for k, then in stands.items():
            now = vehicles[k]
            assert now["control"] == Control.WRECK and now["speed"] == 0.0
            assert (now["x"], now["y"]) == (then["x"], then["y"])
        if not env.agents:
            break
    assert stands


def test_who_is_near_is_seen_nearest_first() -> None:
    rows = {"vehicles": 5, "people": 4}
    env = single("Urban", blocks_x=2, blocks_y=2, vehicles=11, people=9, observation={"kind": "kinematics", **rows})
    env.reset(seed=3)
    actors = env.core.actors
    for _ in range(30):
        seen = env.step(np.array([0.0, 0.3], np.float32))[0]
        v, d, p = actors.vehicles[0], actors.drivers[0], actors.people[0]
        middle = 0.5 * (d["front"] - d["rear"])
        places = np.stack([v["x"] + middle * np.cos(v["yaw"]), v["y"] + middle * np.sin(v["yaw"])], axis=1)
        c, s = np.cos(v["yaw"][0]), np.sin(v["yaw"][0])
        there = ~np.isin(v["control"], (Control.NOBODY, Control.ARRIVED))
        there[0] = False
        walking = np.stack([p["x"], p["y"]], axis=1)[p["being"] != Being.NOBODY]
        for found, begin, count, width in ((places[there], 18, 5, 8), (walking, 18 + 5 * 8, 4, 5)):
            away = found - places[0]
            away = away[np.argsort(np.hypot(*away.T))][:count] / 100.0
            away = away[np.hypot(*away.T) < np.sqrt(2.0)]
            expected = np.clip(np.stack([away @ (c, s), away @ (-s, c)], axis=1), -1.0, 1.0)
            told = seen[begin : begin + count * width].reshape(count, width)
            assert told[:, 0].sum() == len(away)
            np.testing.assert_allclose(told[: len(away), 1:3], expected, atol=1e-6)
