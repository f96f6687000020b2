"""The environment as Gymnasium's `VectorEnv`: many agents in as many or fewer worlds, stepped together in one process.

`gymnasium.make_vec("simulator:OddRoad/Urban-v0", num_envs=1024, agents_per_world=32)` makes 32 worlds of 32 agents. An
agent that shares its world begins again at another place of it while the others go on; the worlds themselves begin
anew with `reset()`, with the seeds of their first agents. With one agent a world, agent i does exactly what a single
environment does that is reset with the same seed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from simulator.envs.copying import Copied
from simulator.envs.core import Core, episode_key
from simulator.envs.options import check_count, check_reset, check_seed, make_task
from simulator.envs.registration import task_names
from simulator.envs.render import FPS, Screen
from simulator.errors import OddRoadError, did_you_mean
from simulator.numerics.rng import counted

Bools = NDArray[np.bool_]


def _autoreset(given: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(given)
    except ValueError:
        known = [mode.value for mode in AutoresetMode]
        hint = did_you_mean(str(given), known)
        raise OddRoadError(f"autoreset_mode={given!r}: {', '.join(known)} are accepted.{hint}") from None


class RoadVectorEnv(Copied, gymnasium.vector.VectorEnv[Any, Any, Any]):
    """N agents in N / `agents_per_world` worlds.

    Args:
        task: file name of the task.
        num_envs: N, a multiple of `agents_per_world`.
        max_episode_steps: after which an episode is truncated, if that is before `duration_s`; -1: not.
        render_mode: None, "human" (the first agent) or "rgb_array" (all).
        autoreset_mode: "NextStep", "SameStep" or "Disabled", as Gymnasium documents them.
        copy: whether observations are copies; if not, `step` and `reset` rewrite those that they returned before.
        threads: default: one a processor; results do not depend on it.
        options: of the task (`tasks.base.Task`).

    Raises:
        OddRoadError: a task or an option that there is not, or a value that is not accepted.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": FPS}  # noqa: RUF012  (Gymnasium's)
    closed: bool = True  # until it is made: there is nothing to close

    def __init__(
        self,
        task: str,
        /,
        *,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        threads: int | None = None,
        **options: Any,
    ) -> None:
        self.task = make_task(task, options)
        worlds, left = divmod(check_count("num_envs", num_envs), self.task.agents_per_world)
        if left:
            raise OddRoadError(
                f"num_envs={num_envs}: must be a multiple of agents_per_world={self.task.agents_per_world}"
            )
        if max_episode_steps == -1:  # Gymnasium's way to say: none
            max_episode_steps = None
        if max_episode_steps is not None:
            check_count("max_episode_steps", max_episode_steps)
        self.core = Core(self.task, worlds, threads=threads, episode_steps=max_episode_steps)
        self.autoreset_mode = _autoreset(autoreset_mode)
        self.metadata = {
            **type(self).metadata,
            "render_fps": self.task.policy_hz,
            "autoreset_mode": self.autoreset_mode,
        }
        self.num_envs, self.render_mode, self.copy = num_envs, render_mode, copy
        self.single_observation_space, self.single_action_space = self.core.observation_space, self.core.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._screen = Screen(self.core, render_mode, self.task.policy_hz)
        drawn = np.random.SeedSequence().generate_state(num_envs, np.uint64)
        self._keys = np.array([episode_key(int(seed)) for seed in drawn], np.uint64)
        self._episodes = np.full(num_envs, -1)
        self._ended = np.zeros(num_envs, np.bool_)
        self.closed = False

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """New episodes of all agents, or of those in `options["reset_mask"]`.

        Args:
            seed: of the first agent, the next one's is one more; or a list of one for each, None to go on as it was.
            options: `reset_mask` (N,) bool; `weather` as the option of the task, from now on.

        Raises:
            TypeError, ValueError: a mask or seeds of another type or length, or below 0.
            OddRoadError: an option that there is not, or a value that is not accepted.
        """
        check_reset(options, ("weather", "reset_mask"))
        mask = self._mask(options)
        seeds = self._seeds(seed)
        if isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
        for i in np.flatnonzero(mask).tolist():
            given = seeds[i]
            if given is not None:
                self._keys[i], self._episodes[i] = episode_key(given), -1
        self.core.begin(self._next(mask), mask, options=options)
        self._ended[mask] = False
        self._screen.show()
        return self.core.observations(copy=self.copy), self.core.infos(mask)

    def step(self, actions: Any) -> tuple[Any, NDArray[np.float64], Bools, Bools, dict[str, Any]]:
        """One step of the policy in all worlds.

        Args:
            actions: (N, ...), of `action_space`.
        """
        core, infos = self.core, {}
        if self._episodes.min() < 0:
            raise ResetNeeded("reset all environments before the first step")
        again = self._ended if self.autoreset_mode == AutoresetMode.NEXT_STEP and self._ended.any() else None
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise OddRoadError("an episode has ended: reset it with options={'reset_mask': ...} before the next step")
        seen = core.step(actions, again, None if again is None else self._next(again), copied=self.copy)
        out = core.outcome
        rewards, terminated, truncated = out.rewards.copy(), out.terminated.copy(), out.truncated.copy()
        self._ended = terminated | truncated
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            infos = self._finals()
            core.begin(self._next(self._ended), self._ended)
            seen = core.observations(copy=self.copy)
        self._screen.show()
        return seen, rewards, terminated, truncated, {**core.infos(), **infos}

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """What the top view shows about each agent, N arrays (H, W, 3); None unless `render_mode` is "rgb_array"."""
        if self.render_mode != "rgb_array":
            return None
        return tuple(self._screen.picture(i) for i in range(self.num_envs))  # type: ignore[misc]  # every picture is there in this mode

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window."""
        self._screen.close()

    def _seeds(self, given: Any) -> list[int | None]:
        """Seeds of all agents, None for those that go on as they were."""
        if given is None:
            return [None] * self.num_envs
        alone = isinstance(given, (int, np.integer))
        seeds = [given + i for i in range(self.num_envs)] if alone else given
        if not isinstance(seeds, (list, tuple, np.ndarray)):
            raise TypeError(f"seed={given!r}: a whole number, or a list of one for each environment is accepted")
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds are given for num_envs={self.num_envs}")
        return [None if seed is None else check_seed(seed) for seed in seeds]

    def _mask(self, options: dict[str, Any] | None) -> Bools:
        mask = (options or {}).get("reset_mask")
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            raise TypeError(f"options['reset_mask'] must be an array of bool, not {mask!r}")
        if mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(f"options['reset_mask'] must be ({self.num_envs},) with at least one True, not {mask!r}")
        return mask

    def _next(self, mask: Bools) -> NDArray[np.uint64]:
        """(N,) seeds of episodes: of the next ones for those in `mask`, 0 for others."""
        seeds, chosen = np.zeros(self.num_envs, np.uint64), np.flatnonzero(mask)
        self._episodes[chosen] += 1
        seeds[chosen] = counted(self._keys[chosen], self._episodes[chosen])
        return seeds

    def _finals(self) -> dict[str, Any]:
        """Last observations and infos of those that have ended, as `AutoresetMode.SAME_STEP` has them."""
        final = np.full(self.num_envs, None, object)
        for i in np.flatnonzero(self._ended).tolist():
            final[i] = self.core.observation(i)
        ended = self._ended.copy()
        return {
            "final_obs": final,
            "_final_obs": ended,
            "final_info": self.core.infos(ended),
            "_final_info": ended.copy(),
        }


def __getattr__(name: str) -> Any:
    """The environment of each task, by the task's name: what Gymnasium's registry points to."""
    if name not in task_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(RoadVectorEnv, name)
