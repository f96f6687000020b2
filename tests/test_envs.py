"""Environments: what Gymnasium and PettingZoo ask for, the same episodes however they are stepped, what is measured."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from itertools import cycle
from typing import Any

import gymnasium
import numpy as np
import pytest
import shapely
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import simulator.envs.registration as registration
from simulator.dynamics.bodies import boxes, discs, impact_times, measure
from simulator.envs.bird_view import AGENT, LAND
from simulator.envs.contacts import crowd_of, enclose, meet, next_contact, touched
from simulator.envs.core import Core
from simulator.envs.options import make_task
from simulator.envs.paved import off_road
from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel
from simulator.roads.procedural import town
from simulator.traffic.lane_map import NONE, lane_map, lane_pose
from simulator.traffic.locating import lane_index, locate
from simulator.traffic.state import VEHICLE_DTYPE

TASKS = registration.task_names()
HAS_PYGAME = importlib.util.find_spec("pygame") is not None
SMALL: dict[str, dict[str, Any]] = {"urban": {"blocks_x": 2, "blocks_y": 2, "vehicles": 8, "people": 6}}


def name(task: str) -> str:
    return f"simulator:{registration.env_id(task)}"


def single(task: str, **options: Any) -> Any:
    return gymnasium.make(name(task), **{**SMALL.get(task, {}), **options})


def vector(task: str, count: int, mode: str = "vector_entry_point", **options: Any) -> Any:
    chosen = gymnasium.VectorizeMode(mode)
    return gymnasium.make_vec(
        name(task), num_envs=count, vectorization_mode=chosen, **{**SMALL.get(task, {}), **options}
    )


@pytest.mark.parametrize("order", ["simulator, gymnasium", "gymnasium, simulator", "gymnasium"])
def test_names_are_there_whatever_is_imported_first(order: str) -> None:
    code = f"import {order}\nprint(gymnasium.envs.registration._find_spec('simulator:OddRoad/Highway-v0').id)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "OddRoad/Highway-v0", done.stderr


def test_what_takes_long_to_import_is_not_imported_before_it_is_needed() -> None:
    slow = [
        "scipy.ndimage",
        "scipy.optimize",
        "scipy.sparse",
        "scipy.spatial",
        "simulator.raycast",
        "simulator.storyboard",
    ]
    code = f"import sys, gymnasium\nenv = gymnasium.make({name('urban')!r}, blocks_x=2, blocks_y=2)"
    code += f"\nprint([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("action_type", ["continuous", "waypoints"])  # discrete ones below
def test_gymnasium_checks_find_nothing(task: str, action_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = single(task, action_type=action_type)
    check_env(env.unwrapped, skip_render_check=not HAS_PYGAME or action_type != "continuous")
    env.close()


KINDS = ("kinematics", "lane_graph", "vector", "lidar", "bird_eye")


@pytest.mark.parametrize("task", TASKS)
def test_gymnasium_checks_find_nothing_in_all_observations_together(task: str) -> None:
    check_env(single(task, observation={kind: kind for kind in KINDS}).unwrapped, skip_render_check=True)


@pytest.mark.parametrize(("task", "kind"), list(zip(TASKS, cycle(KINDS))))
def test_gymnasium_checks_find_nothing_in_any_observation(task: str, kind: str) -> None:
    check_env(single(task, observation=kind, action_type="discrete").unwrapped, skip_render_check=True)


@pytest.mark.parametrize("observation", ["kinematics", "lane_graph", "lidar", "bird_eye", ["vector", "lidar"]])
def test_observations_are_in_their_spaces(observation: Any) -> None:
    env = single("intersection", observation=observation)
    seen, _ = env.reset(seed=3)
    for _ in range(20):
        assert env.observation_space.contains(seen)
        seen, *_ = env.step(env.action_space.sample())


def trajectory(envs: Any, steps: int, agent: int, actions: np.ndarray) -> list[tuple[bytes, float, bool, bool]]:
    found = []
    for k in range(steps):
        seen, rewards, terminated, truncated, _ = envs.step(actions[k])
        found.append((seen[agent].tobytes(), rewards[agent], terminated[agent], truncated[agent]))
    return found


@pytest.mark.parametrize("task", ["highway", "intersection", "parking"])
def test_an_agent_does_the_same_alone_and_among_many(task: str) -> None:
    steps, options = 60, {"duration_s": 4.0, "policy_hz": 5.0, "physics_hz": 10.0}
    one, few, many = vector(task, 1, **options), vector(task, 3, threads=1, **options), vector(task, 7, **options)
    space = one.single_action_space
    space.seed(0)
    own = [space.sample() for _ in range(steps)]

    def batched(count: int, agent: int) -> Any:
        actions = [np.array([space.sample() for _ in range(count)]) for _ in range(steps)]
        for k in range(steps):
            actions[k][agent] = own[k]
        return actions

    found = []
    for envs, count, agent in ((one, 1, 0), (few, 3, 2), (many, 7, 5)):
        envs.reset(seed=100 - agent)
        found.append(trajectory(envs, steps, agent, batched(count, agent)))
    assert found[0] == found[1] == found[2]
    assert sum(terminated or truncated for _, _, terminated, truncated in found[0]) >= 2
    alone = single(task, **options)
    alone.reset(seed=100)
    again = False
    for action, (seen, reward, terminated, truncated) in zip(own, found[0]):
        if again:
            mine, _ = alone.reset()
            assert mine.tobytes() == seen
            again = False
            continue
        mine, own_reward, own_end, own_cut, _ = alone.step(action)
        assert (mine.tobytes(), own_reward, own_end, own_cut) == (seen, reward, terminated, truncated)
        again = own_end or own_cut


def test_vector_environments_are_those_of_gymnasium_in_one_call() -> None:
    ours, theirs = vector("highway", 3), vector("highway", 3, "sync")
    seen, infos = ours.reset(seed=5)
    their_seen, their_infos = theirs.reset(seed=5)
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(90):
        assert np.array_equal(seen, their_seen)
        assert infos.keys() == their_infos.keys()
        for key in infos:
            assert infos[key].dtype == their_infos[key].dtype and np.array_equal(infos[key], their_infos[key]), key
        actions = rng.integers(0, 5, 3)
        seen, rewards, terminated, truncated, infos = ours.step(actions)
        their_seen, their_rewards, their_terminated, their_truncated, their_infos = theirs.step(actions)
        assert np.array_equal(rewards, their_rewards)
        assert np.array_equal(terminated, their_terminated) and np.array_equal(truncated, their_truncated)
        ends += int((terminated | truncated).sum())
    assert ends >= 3
    assert ours.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


@pytest.mark.parametrize("agents", [1, 4])
def test_agents_that_share_worlds_do_not_depend_on_threads(agents: int) -> None:
    found = []
    for threads in (1, 2):
        envs = vector("urban", 8, agents_per_world=agents, threads=threads, duration_s=2.0)
        envs.reset(seed=9)
        envs.action_space.seed(1)
        found.append(
            [(s.tobytes(), r.tobytes()) for s, r, *_ in (envs.step(envs.action_space.sample()) for _ in range(50))]
        )
    assert found[0] == found[1]


def test_episodes_begin_anew_in_the_same_step_where_that_is_wanted() -> None:
    options = {"duration_s": 3.0, "policy_hz": 1.0}
    same = vector("highway", 2, autoreset_mode="SameStep", **options)
    later = vector("highway", 2, **options)
    same.reset(seed=1)
    later.reset(seed=1)
    idle = np.ones(2, np.int64)
    for _ in range(3):
        seen, rewards, _, truncated, infos = same.step(idle)
        last, later_rewards, *_ = later.step(idle)
        assert np.array_equal(rewards, later_rewards)
    assert truncated.all() and infos["_final_obs"].all()
    assert all(np.array_equal(final, row) for final, row in zip(infos["final_obs"], last))
    first, zero, *_ = later.step(idle)
    assert np.array_equal(seen, first) and not zero.any()
    assert np.array_equal(infos["final_info"]["speed_mps"] > 0, [True, True])


def test_episodes_begin_by_mask() -> None:
    envs = vector("highway", 3, autoreset_mode="Disabled", duration_s=2.0)
    before, _ = envs.reset(seed=1)
    envs.step(np.ones(3, np.int64))
    moved, _, _, truncated, _ = envs.step(np.ones(3, np.int64))
    assert truncated.all()
    with pytest.raises(OddRoadError, match="reset_mask"):
        envs.step(np.ones(3, np.int64))
    mask = np.array([True, False, True])
    seen, infos = envs.reset(seed=[1, None, 3], options={"reset_mask": mask})
    assert np.array_equal(seen[mask], before[mask]) and np.array_equal(seen[1], moved[1])
    assert np.array_equal(infos["_speed_mps"], mask)
    with pytest.raises(ValueError, match="at least one True"):
        envs.reset(options={"reset_mask": np.zeros(3, np.bool_)})
    with pytest.raises(ValueError, match="2 seeds"):
        envs.reset(seed=[1, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vehicels": 3}, 'vehicels: unknown key. Did you mean "vehicles"'),
        ({"action_type": "discret"}, 'Did you mean "discrete"'),
        ({"observation": "lidr"}, 'unknown kind "lidr". Did you mean "lidar"'),
        ({"observation": {"kind": "lidar", "beam": 3}}, 'observation.beam: unknown key. Did you mean "beams"'),
        ({"rewards": {"colision": 1}}, 'rewards.colision: unknown term. Did you mean "collision"'),
        ({"policy_hz": 3, "physics_hz": 10}, "physics_hz: must be a whole multiple of policy_hz"),
        ({"vehicle": "bmw_320"}, "bmw_320i"),
        ({"vehicles": -1, "people": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OddRoadError) as told:
        gymnasium.make(name("highway"), **options)
    assert message in str(told.value)


def test_wrong_actions_are_told() -> None:
    env = single("highway")
    env.reset(seed=0)
    for action in (5, -1, 0.5, "left", [1, 2]):
        with pytest.raises(OddRoadError, match="0 to 4"):
            env.unwrapped.step(action)
    env = single("urban")
    env.reset(seed=0)
    with pytest.raises(OddRoadError, match="2 finite numbers"):
        env.unwrapped.step([np.nan, 0.0])


def test_rewards_are_weighted_terms() -> None:
    env = single("highway", rewards={"high_speed": 2.0, "right_lane": 0.0, "collision": 0.0, "off_road": 0.0})
    env.reset(seed=0)
    for action in (3, 3, 4, 1, 0, 2):
        _, reward, _, _, info = env.step(action)
        assert reward == pytest.approx(2.0 * np.clip((info["speed_mps"] - 20.0) / 10.0, 0.0, 1.0))


def test_guided_cars_reach_the_speeds_that_are_asked_for() -> None:
    env = single("highway", vehicles=0)
    env.reset(seed=0)
    for _ in range(8):
        info = env.step(3)[-1]
    assert info["speed_mps"] == pytest.approx(30.0, abs=0.05)
    for _ in range(8):
        info = env.step(4)[-1]
    assert info["speed_mps"] == pytest.approx(20.0, abs=0.05)


@pytest.mark.parametrize(("weather", "friction"), [({}, 0.85), ({"surface": "ice"}, 0.125), ({"friction": 0.5}, 0.5)])
def test_brakes_do_what_the_road_allows(weather: dict[str, Any], friction: float) -> None:
    env = single("highway", vehicles=0, action_type="continuous", policy_hz=15.0, weather=weather, brake_mps2=12.0)
    env.reset(seed=0)
    _, _, _, _, info = env.step([0.0, -1.0])
    low, high = 0.75 * friction * 9.81, 1.0 * friction * 9.81  # the faster the less, on a pavement
    assert low - 1e-6 <= -info["acceleration_mps2"] <= high + 1e-6


def test_waypoints_are_followed() -> None:
    env = single("highway", vehicles=0, action_type="waypoints", policy_hz=5.0, physics_hz=20.0)
    env.reset(seed=0)
    action = np.zeros(10, np.float32)
    action[::2] = np.arange(1, 6) * 0.5 * 15.0 / 40.0  # 15 m/s straight on
    for _ in range(30):
        _, _, terminated, _, info = env.step(action)
        assert not terminated
    assert info["speed_mps"] == pytest.approx(15.0, abs=0.3)


def test_off_road_is_where_no_wheel_may_be() -> None:
    core = Core(make_task("intersection", {"vehicles": 0, "people": 0}))
    ground = shapely.union_all(
        [shapely.Polygon(np.concatenate([lane.edges[0], lane.edges[1][::-1]])).buffer(0.0) for lane in core.outlines]
    )
    rng = np.random.default_rng(0)
    vehicle, driver = core.actors.vehicles[0, :1], core.actors.drivers[0, :1]
    driver["half_width"], driver["wheelbase"] = 0.9, 2.7
    agreed = asked = 0
    for _ in range(400):
        vehicle["x"], vehicle["y"], vehicle["yaw"] = *rng.uniform(-60, 60, 2), rng.uniform(-3, 3)
        c, s = np.cos(vehicle["yaw"][0]), np.sin(vehicle["yaw"][0])
        wheels = np.array([[a, b] for a in (0.0, 2.7) for b in (-0.81, 0.81)]) @ [[c, s], [-s, c]]
        wheels += [vehicle["x"][0], vehicle["y"][0]]
        points = shapely.points(wheels)
        if (shapely.distance(ground.boundary, points) < 0.3).any():
            continue  # within a cell of the edge
        asked += 1
        agreed += off_road(core._engine.paved, vehicle[0], driver[0]) == (not shapely.contains(ground, points).all())
    assert asked > 200 and agreed == asked


def test_vehicles_are_found_on_the_lanes_that_they_drive_along() -> None:
    network = town(2, 2, seed=3)
    lanes = lane_map(network)
    index, rows = lane_index(lanes.arrays), lanes.arrays.lanes
    rng = np.random.default_rng(0)
    vehicle = np.zeros(1, VEHICLE_DTYPE)
    vehicle["lane"], vehicle["ways"] = NONE, NONE
    for _ in range(20):
        lane, s = int(rng.choice(np.flatnonzero(rows["junction"] == NONE))), 2.0
        vehicle["lane"] = NONE
        for k in range(150):
            if s > rows[lane]["length"]:
                if not rows[lane]["nexts"]:
                    break
                s -= rows[lane]["length"]
                lane = int(lanes.arrays.links[rows[lane]["next"] + rng.integers(rows[lane]["nexts"])])
            x, y, _, heading = lane_pose(lanes.arrays, lane, s, 0.15 * np.sin(0.1 * k))
            vehicle["x"], vehicle["y"], vehicle["yaw"] = x, y, heading
            locate(lanes.arrays, index, vehicle[0])
            found = vehicle[0]
            there = lane_pose(lanes.arrays, found["lane"], found["s"], found["d"])
            assert np.hypot(there[0] - x, there[1] - y) < 0.02
            if rows[lane]["junction"] == NONE:
                assert found["lane"] == lane
            s += 1.5


@pytest.mark.parametrize("task", TASKS)
def test_pettingzoo_checks_find_nothing(task: str) -> None:
    test = pytest.importorskip("pettingzoo.test")
    from simulator.envs.parallel import parallel_env

    agents = {} if task == "scenario" else {"agents_per_world": 4}

    def make() -> Any:
        return parallel_env(task, duration_s=5.0, **agents, **SMALL.get(task, {}))

    test.parallel_api_test(make(), num_cycles=80)
    test.parallel_seed_test(make, num_cycles=25)
    env = make()
    assert env.possible_agents == [f"agent_{k}" for k in range(1 if task == "scenario" else 4)]


def test_pictures_show_the_agent() -> None:
    env = single("roundabout", render_mode="rgb_array")
    env.reset(seed=2)
    picture = env.render()
    assert picture.shape == (400, 800, 3) and picture.dtype == np.uint8
    assert np.abs(picture[196:204, 396:404].astype(int) - AGENT).max(-1).min() < 5
    assert not np.array_equal(picture, single_picture("roundabout", 3))
    first = env.unwrapped.core.actors.vehicles[0]
    lanes, land = env.unwrapped.core.lanes, np.abs(picture.astype(int) - LAND).max(-1) < 30
    assert land.mean() > 0.2
    hits = asked = 0
    for lane in lanes.lanes:
        for sample in lanes.samples[lane["first"] : lane["first"] + lane["samples"]]:
            row, column = 200 - 8 * (sample["y"] - first["y"][0]), 400 + 8 * (sample["x"] - first["x"][0])
            if 5 < row < 340 and 5 < column < 795:
                asked += 1
                hits += not land[int(row), int(column)]
    assert asked > 40 and hits > 0.9 * asked


def single_picture(task: str, seed: int) -> Any:
    env = single(task, render_mode="rgb_array")
    env.reset(seed=seed)
    return env.render()


def test_people_walk_and_drivers_heed_them() -> None:
    env = single("urban", people=40, driver="idm", duration_s=60.0)
    env.reset(seed=1)
    core = env.unwrapped.core
    people = core.actors.people[0]
    before, crossed = people[["x", "y"]].copy(), 0
    for _ in range(300):
        info = env.step(np.zeros(2, np.float32))[-1]
        crossed += int(core._engine.traffic.people.busy.sum())
        assert not info["collision"]
    assert (people["being"] > 0).sum() == 40 and crossed > 0
    assert np.median(np.hypot(people["x"] - before["x"], people["y"] - before["y"])) > 5.0


@pytest.mark.parametrize("file", ["ncap_ccrs", "wrong_way_driver_at_dusk"])
def test_scenario_files_are_played_around_the_agent(file: str) -> None:
    env = single("scenario", file=file, duration_s=6.0)
    env.reset(seed=0)
    others = env.unwrapped.core.actors.vehicles[0, 1:]
    shown = others["control"] != 0
    assert shown.any()
    before, info, ended = others["x"].copy(), {}, False
    while not ended:
        _, _, terminated, truncated, info = env.step([0.0, 0.0])
        ended = terminated or truncated
    if file == "ncap_ccrs":  # somebody stands on the lane, and the agent does not brake
        assert info["collision"]
    else:
        assert np.abs(others["x"] - before)[shown].max() > 1.0


def crowd_at_random(count: int, rng: np.random.Generator) -> Any:
    """Cars and people all over a square, moving."""
    crowd = crowd_of(count)
    cars, place = count // 2, rng.uniform(-60.0, 60.0, (2, count))
    crowd.bodies[:cars] = boxes(
        *place[:, :cars], rng.uniform(-3, 3, cars), 3.7, 0.9, 0.9, speed=rng.uniform(0, 15, cars)
    )
    crowd.bodies[cars:] = discs(*place[:, cars:], 0.25, vx=rng.normal(0, 1, count - cars))
    measure_all(crowd.bodies)
    crowd.bodies["active"][::9] = False
    enclose(crowd)
    return crowd


@kernel
def measure_all(bodies):
    for k in range(len(bodies)):
        measure(bodies[k])
        bodies[k].until = np.inf


@kernel
def meetings(crowd, since, horizon, hit, times):
    for k in range(len(crowd.bodies)):
        near = meet(crowd, k, since, horizon)
        hit[k], times[k] = touched(crowd, k, near, since), next_contact(crowd, k, near, horizon)


def test_who_meets_whom_is_what_all_pairs_say() -> None:
    rng = np.random.default_rng(4)
    hits = meets = 0
    for _ in range(10):
        crowd = crowd_at_random(45, rng)
        bodies = crowd.bodies[crowd.bodies["active"]]
        hit, times = np.zeros(45, np.bool_), np.zeros(45)
        meetings(crowd, 0.3, 8.0, hit, times)
        back = bodies.copy()
        back["vx"], back["vy"] = -bodies["vx"], -bodies["vy"]
        alone = np.where(np.eye(len(bodies)) > 0, np.inf, 0.0)
        ahead = impact_times(bodies[:, None], bodies[None], 8.0) + alone
        before = impact_times(back[:, None], back[None], 0.3) + alone
        active = crowd.bodies["active"]
        np.testing.assert_allclose(times[active], ahead.min(1), rtol=1e-9)
        assert np.array_equal(hit[active], before.min(1) <= 0.3)
        hits, meets = hits + hit.sum(), meets + np.isfinite(times[active]).sum()
    assert hits > 5 and meets > 100
