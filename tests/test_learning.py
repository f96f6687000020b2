"""Our vector environments in the hands of Stable-Baselines3, tried on Gymnasium's own CartPole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks are not installed
sys.path.append(str(Path(sys.prefix) / "devkits" / "stable-baselines3"))  # where `make test` puts it
pytest.importorskip("stable_baselines3", reason="Stable-Baselines3 is not installed; `make test` tries to")

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

from benchmarks.stable_baselines import Vectorised

WORLDS, SEED = 5, 3


def cartpoles(mode: str = "SameStep") -> Any:
    return gymnasium.make_vec(
        "CartPole-v1",
        num_envs=WORLDS,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
        max_episode_steps=30,
    )


def test_episodes_are_those_of_stable_baselines_own() -> None:
    ours = Vectorised(cartpoles())
    theirs = DummyVecEnv([lambda: gymnasium.make("CartPole-v1", max_episode_steps=30)] * WORLDS)
    assert ours.seed(SEED) == theirs.seed(SEED)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    rng = np.random.default_rng(0)
    ends = {True: 0, False: 0}
    for _ in range(200):
        actions = rng.integers(2, size=WORLDS)
        seen, rewards, done, infos = ours.step(actions)
        their_seen, their_rewards, their_done, their_infos = theirs.step(actions)
        np.testing.assert_array_equal(seen, their_seen)
        np.testing.assert_array_equal(rewards, their_rewards)
        np.testing.assert_array_equal(done, their_done)
        assert rewards.dtype == their_rewards.dtype
        for k in np.flatnonzero(done):
            np.testing.assert_array_equal(infos[k]["terminal_observation"], their_infos[k]["terminal_observation"])
            assert infos[k]["TimeLimit.truncated"] == their_infos[k]["TimeLimit.truncated"]
            ends[infos[k]["TimeLimit.truncated"]] += 1
    assert min(ends.values()) > 0  # episodes of both endings were compared
    ours.close()
    theirs.close()


def test_ppo_learns_on_it() -> None:
    envs = Vectorised(cartpoles())
    torch.set_num_threads(1)  # two threads wait for each other on a busy machine
    model = PPO("MlpPolicy", envs, n_steps=64, batch_size=64, learning_rate=1e-3, seed=0, device="cpu")
    model.learn(4000)
    steps = 0
    seen = envs.reset()
    for _ in range(30):
        seen, _, done, _ = envs.step(model.predict(seen, deterministic=True)[0])
        steps += int((~done).sum())
    assert steps > 0.85 * WORLDS * 29  # random actions hold the pole for 20 steps at a time
    envs.close()


def test_another_autoreset_is_refused() -> None:
    with pytest.raises(ValueError, match="SAME_STEP"):
        Vectorised(cartpoles("NextStep"))
