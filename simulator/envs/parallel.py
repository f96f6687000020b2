"""The environment as PettingZoo's `ParallelEnv`: several agents in one world, each with its own rewards."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded

from simulator.envs.copying import Copied
from simulator.envs.core import Core, episode_key
from simulator.envs.options import check_reset, check_seed, make_task
from simulator.envs.registration import env_id
from simulator.envs.render import Screen
from simulator.errors import MissingExtra, OddRoadError
from simulator.numerics.rng import counted
from simulator.scenario.family import members


def parallel_env(task: str, *, render_mode: str | None = None, threads: int | None = None, **options: Any) -> Any:
    """A PettingZoo `ParallelEnv` of `agents_per_world` agents, `agent_0` and so on, by default 8, in a scenario 1.

    Who has ended stays in the world, and in the way of the others. An agent that has collided stands there as a wreck
    until all begin anew, as highway-env's do (with `crash_response` it slides on and is cleared after `clearing_s`;
    MetaDrive's are gone after 25 steps); any other goes on as one more vehicle of the traffic.

    Args:
        task: file name of the task: "urban", "highway" and so on.
        render_mode: None, "human" (the first agent) or "rgb_array" (likewise).
        threads: default: one a processor; results do not depend on it.
        options: of the task (`tasks.base.Task`).

    Raises:
        MissingExtra: PettingZoo is not installed.
        OddRoadError: a task or an option that there is not, or a value that is not accepted.
    """
    usual = getattr(members("envs.tasks").get(task), "usual_agents", 1)
    made = make_task(task, {"agents_per_world": usual, **options})
    env = _environment()(made, task, render_mode, threads)
    env._made = parallel_env, (task,), {"render_mode": render_mode, "threads": threads, **options}
    return env


@cache
def _environment() -> Any:
    """The class, made when PettingZoo is first needed."""
    try:
        from pettingzoo import ParallelEnv
    except ImportError as error:
        raise MissingExtra("PettingZoo", "pip install pettingzoo", "an environment of several agents") from error

    class RoadParallelEnv(Copied, ParallelEnv[str, Any, Any]):
        """The environment, see `parallel_env`."""

        def __init__(self, task: Any, name: str, render_mode: str | None, threads: int | None) -> None:
            self.metadata = {
                "name": env_id(name),
                "render_modes": ["human", "rgb_array"],
                "render_fps": task.policy_hz,
                "is_parallelizable": True,
            }
            self.core = Core(task, threads=threads)
            self.render_mode = render_mode
            self.possible_agents = [f"agent_{k}" for k in range(task.agents_per_world)]
            self.agents: list[str] = []
            # Each agent samples with a generator of its own.
            self._action_spaces = {name: deepcopy(self.core.action_space) for name in self.possible_agents}
            self._screen = Screen(self.core, render_mode, task.policy_hz)
            self._seed, self._episode = _drawn_seed(), -1

        def observation_space(self, agent: str) -> Any:
            """The same for all agents."""
            return self.core.observation_space

        def action_space(self, agent: str) -> Any:
            """Of one agent."""
            return self._action_spaces[agent]

        def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
            """Begin an episode; observations and infos by agent."""
            check_reset(options)
            if seed is not None:
                self._seed, self._episode = check_seed(seed), -1
            self._episode += 1
            first = int(counted(episode_key(self._seed), self._episode))
            self.core.begin(counted(episode_key(first), np.arange(self.core.count)), options=options)
            self.agents = list(self.possible_agents)
            self._screen.show()
            rows = range(self.core.count)
            return (
                {f"agent_{k}": self.core.observation(k) for k in rows},
                {f"agent_{k}": self.core.info(k) for k in rows},
            )

        def step(self, actions: dict[str, Any]) -> Any:
            """One step of all; observations, rewards, terminations, truncations and infos by agent."""
            core = self.core
            self._check_begun()
            for name in actions:
                if name not in self._action_spaces:
                    known = f"agent_0 to {self.possible_agents[-1]}"
                    raise OddRoadError(f"action of {name!r}: there is no such agent, but {known}")
            core.step([actions.get(name, core.idle) for name in self.possible_agents])
            out, alive = core.outcome, [(name, int(name[6:])) for name in self.agents]
            results = (
                {name: core.observation(k) for name, k in alive},
                {name: float(out.rewards[k]) for name, k in alive},
                {name: bool(out.terminated[k]) for name, k in alive},
                {name: bool(out.truncated[k]) for name, k in alive},
                {name: core.info(k) for name, k in alive},
            )
            ended = [k for _, k in alive if out.terminated[k] or out.truncated[k]]
            core.retire(ended)
            self.agents = [name for name, k in alive if k not in ended]
            self._screen.show()
            return results

        def render(self) -> Any:
            """The picture from above the first agent."""
            self._check_begun()
            return self._screen.picture(0)

        def _check_begun(self) -> None:
            if self._episode < 0:
                raise ResetNeeded("reset the environment first")

        def close(self) -> None:
            """Close the window."""
            self._screen.close()

    return RoadParallelEnv


def _drawn_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
