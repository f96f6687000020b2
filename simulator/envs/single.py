"""The environment as Gymnasium's `Env`: one agent in one world."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import logger
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from simulator.envs.copying import Copied
from simulator.envs.core import Core, episode_key
from simulator.envs.options import check_reset, check_seed, make_task
from simulator.envs.registration import task_names
from simulator.envs.render import FPS, Screen
from simulator.errors import OddRoadError
from simulator.numerics.rng import counted


class RoadEnv(Copied, gymnasium.Env[Any, Any]):
    """One agent in traffic; `gymnasium.make("simulator:OddRoad/Highway-v0")` makes it.

    Args:
        task: file name of the task.
        render_mode: None, "human" or "rgb_array".
        threads: default: one a processor; results do not depend on it.
        options: of the task (`tasks.base.Task`).

    Raises:
        OddRoadError: a task or an option that there is not, or a value that is not accepted.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": FPS}  # noqa: RUF012  (Gymnasium's)

    def __init__(
        self, task: str, /, *, render_mode: str | None = None, threads: int | None = None, **options: Any
    ) -> None:
        self.task = make_task(task, options)
        if self.task.agents_per_world != 1:
            raise OddRoadError(
                "agents_per_world: is for vectorised and parallel environments; a single one has 1 agent"
            )
        self.core = Core(self.task, threads=threads)
        self.metadata = {**type(self).metadata, "render_fps": self.task.policy_hz}
        self.observation_space, self.action_space = self.core.observation_space, self.core.action_space
        self.render_mode = render_mode
        self._screen = Screen(self.core, render_mode, self.metadata["render_fps"])
        self._episode: int | None = None  # since the last seed

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """A new episode: that of the seed, or the next one after it.

        Args:
            seed: of this and, counted on, of the episodes after it.
            options: `weather`: as the option of the task, from now on.

        Raises:
            ValueError: a seed that is no whole number, or below 0.
            OddRoadError: an option that there is not, or a value that is not accepted.
        """
        check_reset(options, ("weather",))
        super().reset(seed=None if seed is None else check_seed(seed))
        self._episode = 0 if seed is not None or self._episode is None else self._episode + 1
        self.core.begin(counted([episode_key(self.np_random_seed)], [self._episode]), options=options)
        self._screen.show()
        return self.core.observation(0), self.core.info(0)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step of the policy."""
        if self._episode is None:
            raise ResetNeeded("reset the environment before the first step")
        core = self.core
        core.step(action)
        self._screen.show()
        out = core.outcome
        return (
            core.observation(0),
            float(out.rewards[0]),
            bool(out.terminated[0]),
            bool(out.truncated[0]),
            core.info(0),
        )

    def render(self) -> NDArray[np.uint8] | None:
        """What the top view shows, (H, W, 3); None unless `render_mode` is "rgb_array"."""
        if self.render_mode is None:
            logger.warn('render() shows nothing without a mode: make the environment with render_mode="rgb_array"')
        if self._episode is None:
            raise ResetNeeded("reset the environment before it is rendered")
        return self._screen.picture(0)

    def close(self) -> None:
        """Close the window."""
        self._screen.close()


def __getattr__(name: str) -> Any:
    """The environment of each task, by the task's name: what Gymnasium's registry points to."""
    if name not in task_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return partial(RoadEnv, name)
