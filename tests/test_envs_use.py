"""Environments as people use them: copied, pickled, with odd numbers, and asked before and after the first step."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from simulator.envs.parallel import parallel_env
from simulator.errors import OddRoadError
from simulator.roads import write_opendrive
from simulator.roads.procedural import town

STORYBOARDS = Path(__file__).parent / "storyboards"
URBAN = {"blocks_x": 2, "blocks_y": 2, "vehicles": 8, "people": 6}
COPIES: list[Callable[[Any], Any]] = [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))]


def single(**options: Any) -> Any:
    return gymnasium.make("simulator:OddRoad/Urban-v0", **{**URBAN, **options})


def vector(count: Any, **options: Any) -> Any:
    return gymnasium.make_vec("simulator:OddRoad/Urban-v0", num_envs=count, **{**URBAN, **options})


def told(step: Any) -> list[Any]:
    return [part.tobytes() if isinstance(part, np.ndarray) else part for part in step]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("observation", ["vector", {"kind": "lidar", "beams": 16}])
def test_copies_go_on_alike_and_apart(copied: Callable[[Any], Any], observation: Any) -> None:
    env = single(observation=observation)
    env.reset(seed=3)
    action = np.array([0.1, 1.0], np.float32)
    for _ in range(3):
        env.step(action)
    other = copied(env)
    ahead = [told(other.step(action)) for _ in range(4)]
    assert [told(env.step(action)) for _ in range(4)] == ahead
    assert told(env.reset()) == told(other.reset())
    assert told(env.reset(seed=9)) == told(other.reset(seed=9))


@pytest.mark.parametrize("copied", COPIES)
def test_copies_of_vector_environments_begin_the_same_episodes(copied: Callable[[Any], Any]) -> None:
    envs = vector(3, autoreset_mode="SameStep", duration_s=0.5)
    envs.reset(seed=3)
    actions = np.zeros((3, 2), np.float32)
    other = copied(envs)
    for _ in range(12):
        (seen, *_), (seen_there, *_) = envs.step(actions), other.step(actions)
        assert np.array_equal(seen, seen_there)


@pytest.mark.parametrize("file", ["alks_4_4_1_cut_in_no_collision", str(STORYBOARDS / "careful_driver.xosc")])
def test_scripted_environments_can_be_pickled_and_go_on_alike(file: str) -> None:
    def steps(env: Any, count: int, action: Any) -> list[Any]:
        return [told(env.step(action)) for _ in range(count)]

    options: dict[str, Any] = {"file": file, "duration_s": 5.0}
    env, action = gymnasium.make("simulator:OddRoad/Scenario-v0", **options), np.array([0.01, 0.2], np.float32)
    before = COPIES[1](env)
    assert told(before.reset(seed=5)) == told(env.reset(seed=5))
    assert steps(env, 40, action) == steps(before, 40, action)
    one, other = (copied(env) for copied in COPIES)
    ahead = steps(env, 20, action)
    assert steps(one, 20, action) == ahead and steps(other, 20, action) == ahead

    vectorised: dict[str, Any] = {"vectorization_mode": "vector_entry_point", "autoreset_mode": "SameStep"}
    envs = gymnasium.make_vec("simulator:OddRoad/Scenario-v0", 2, **vectorised, **options)
    envs.reset(seed=5)
    actions = np.stack([action, -action])
    for _ in range(130):  # both have begun anew meanwhile
        envs.step(actions)
    others = COPIES[1](envs)
    for _ in range(20):
        assert np.array_equal(envs.step(actions)[0], others.step(actions)[0])


def test_a_reset_tells_how_it_stands() -> None:
    env, inner = single(vehicles=30), single(vehicles=30).unwrapped
    red = close = 0
    for seed in range(40):
        seen, info = env.reset(seed=seed)
        traffic = env.unwrapped.core.traffic
        assert np.array_equal(traffic.signals[0], traffic.plan.colours(traffic.worlds.phase_ns[:1])[0])
        assert info["speed_mps"] == pytest.approx(40.0 * seen[0], abs=1e-4)
        inner.reset(seed=seed)
        after, *_ = inner.step(np.zeros(2, np.float32))
        assert seen[13] == after[13] or seen[12] == 1.0  # the light ahead, where one is in sight
        red += seen[13] == 1.0
        close += np.isfinite(info["time_to_collision_s"])
    assert red > 0 and close > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: vector(0), "num_envs=0: whole numbers from 1 on"),
        (lambda: vector("3"), "num_envs='3': whole numbers from 1 on"),
        (lambda: vector(2, max_episode_steps=2.5), "max_episode_steps=2.5: whole numbers from 1 on"),
        (lambda: single(task="highway"), "urban: task: the id names the task"),
        (lambda: single(threads=-1), "threads=-1: whole numbers from 1 on"),
        (lambda: single(rewards={"collision": float("nan")}), "rewards.collision: must be a finite number, not nan"),
        (lambda: single(rewards={"colision": 1}), "Known: collision, off_road"),
        (lambda: single(ends_on="collision"), "ends_on: must be a list, not 'collision'"),
        (lambda: single(observation=["vector", "vector"]), "may be there only once"),
        (lambda: single(action_type="discret"), "not 'discret'. Did you mean \"discrete\"?"),
        (lambda: gymnasium.make("simulator:OddRoad/Highway-v0", people=5), "people: nobody can walk there"),
        (lambda: single(map="town.xodr"), "blocks_x: is for a procedural town; it cannot be given with a map"),
        (lambda: single().reset(options=5), "options=5: must be a mapping"),
    ],
)
def test_what_is_not_accepted_is_told(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(OddRoadError) as error:
        make()
    assert message in str(error.value)


def test_seeds_may_be_whole_numbers_of_numpy() -> None:
    env = single(vehicles=5)
    first, *others = (env.reset(seed=seed)[0] for seed in (5, np.int64(5), np.uint8(5), np.uint64(5)))
    assert all(np.array_equal(first, other) for other in others)
    for seed in (-1, 1.5, "5", np.float64(5.0)):
        with pytest.raises(ValueError, match="whole numbers from 0 on are accepted"):
            env.reset(seed=seed)  # type: ignore[arg-type]  # what is not accepted


def test_maps_may_be_given_as_paths(tmp_path: Path) -> None:
    write_opendrive(town(2, 1, seed=3), tmp_path / "map.xodr")
    seen = []
    for given in (tmp_path / "map.xodr", str(tmp_path / "map.xodr")):
        env = gymnasium.make("simulator:OddRoad/Urban-v0", map=given, vehicles=4, people=2)
        seen.append(env.reset(seed=1)[0])
    assert np.array_equal(*seen)


def test_nothing_steps_before_it_is_reset() -> None:
    for env, action in ((single().unwrapped, np.zeros(2)), (vector(2), np.zeros((2, 2)))):
        with pytest.raises(ResetNeeded):
            env.step(action)


def test_seeds_and_actions_of_vector_environments_are_looked_at() -> None:
    envs = vector(3)
    envs.reset(seed=7)
    assert envs.np_random_seed == 7
    for seed in (-1, [1, None, -3], [1, 2.5, 3]):
        with pytest.raises(ValueError, match="whole numbers from 0 on"):
            envs.reset(seed=seed)
    with pytest.raises(TypeError, match="a whole number, or a list"):
        envs.reset(seed=1.5)
    seen = [envs.reset(seed=seed)[0] for seed in (7, np.int64(7), [7, 8, 9])]
    assert np.array_equal(seen[0], seen[1]) and np.array_equal(seen[0], seen[2])
    for shape in ((2, 3), (6,), (3, 2, 1)):
        with pytest.raises(OddRoadError, match=r"2 finite numbers for each agent are accepted, shape \(3, 2\)"):
            envs.step(np.zeros(shape))


def test_minus_one_is_no_limit_of_steps() -> None:
    envs = vector(1, max_episode_steps=-1)
    envs.reset(seed=0)
    assert not envs.step(np.zeros((1, 2)))[3].any()


def test_agents_of_a_copied_parallel_environment_do_the_same() -> None:
    pytest.importorskip("pettingzoo")
    env = parallel_env("urban", agents_per_world=3, **URBAN)
    env.reset(seed=1)
    other = copy.deepcopy(env)
    for _ in range(3):
        actions = {agent: env.action_space(agent).sample() for agent in env.agents}
        seen, seen_there = env.step(actions)[0], other.step(actions)[0]
        assert all(np.array_equal(seen[agent], seen_there[agent]) for agent in seen)


def test_several_agents_are_asked_for_as_one_is() -> None:
    pytest.importorskip("pettingzoo")
    env = parallel_env("urban", agents_per_world=2, render_mode="rgb_array", **URBAN)
    for early in (env.render, lambda: env.step({})):
        with pytest.raises(ResetNeeded):
            early()
    for seed in (-1, 1.5):
        with pytest.raises(ValueError, match="whole numbers from 0 on"):
            env.reset(seed=seed)
    with pytest.raises(OddRoadError, match="must be a mapping"):
        env.reset(options=5)
    env.reset(seed=1)
    with pytest.raises(OddRoadError, match="'agent_9': there is no such agent, but agent_0 to agent_1"):
        env.step({"agent_9": np.zeros(2)})
