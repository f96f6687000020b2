"""A Gymnasium vector environment as the one that Stable-Baselines3 trains on, all worlds in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv


class Vectorised(VecEnv):
    """Stable-Baselines3's `VecEnv` over a Gymnasium `VectorEnv`.

    Stable-Baselines3 wants the first observation of the next episode with the end of the last, and the last observation
    in `infos`: Gymnasium's autoreset in the same step.

    Raises:
        ValueError: an environment that resets otherwise.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"autoreset_mode is {mode}; Stable-Baselines3 needs {AutoresetMode.SAME_STEP}")
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._seed: int | None = None

    def reset(self) -> Any:
        """Observations of new episodes, seeded if `seed` was called since the last time."""
        observations, _ = self.env.reset(seed=self._seed, options=self._options[0] or None)
        self._seed = None
        self._reset_seeds()
        self._reset_options()
        return observations

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed of the first environment at the next reset; the others get the numbers after it."""
        seeds = super().seed(seed)
        self._seed = seeds[0]
        return seeds

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        """Step all; only ended episodes have something in their `infos`."""
        observations, rewards, terminated, truncated, info = self.env.step(self._actions)
        done = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for k in np.flatnonzero(done):
            infos[k]["terminal_observation"] = info["final_obs"][k]
            infos[k]["TimeLimit.truncated"] = bool(truncated[k] and not terminated[k])
            infos[k].update({name: values[k] for name, values in info["final_info"].items() if name[0] != "_"})
        return observations, np.asarray(rewards, np.float32), done, infos

    def close(self) -> None:
        """Close the worlds."""
        self.env.close()

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """An attribute that all worlds have in common."""
        return [getattr(self.env, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Not possible: the worlds have no attributes of their own."""
        raise AttributeError(f"{attr_name} cannot be set: worlds are rows of arrays")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Not possible: the worlds have no methods of their own."""
        raise AttributeError(f"{method_name} cannot be called: worlds are rows of arrays")

    def env_is_wrapped(self, wrapper_class: Any, indices: int | Iterable[int] | None = None) -> list[bool]:
        """No world is."""
        return [False for _ in self._get_indices(indices)]
