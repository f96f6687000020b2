"""Drivers that learn nothing on every environment: random actions, none (cruise), the models of our traffic (IDM).

`python -m benchmarks baselines [--episodes N] [--json FILE]` prints the table that README publishes, with the standard
errors of its means. A learned driver is worth something where it does better than these.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import available_threads

WORLDS, EPISODES, SEED = 64, 256, 1_000_000  # the seeds of training are far below
RATES = ("collision", "off_road", "red_light", "arrived")  # of an episode's last step

Policy = Callable[[Any], NDArray[Any]]


@dataclass(frozen=True)
class Played:
    """Whole episodes of one driver.

    Attributes:
        env: id.
        driver: who drove.
        episodes: how many.
        mean, deviation: of the returns, undiscounted.
        steps: mean length.
        rates: shares of episodes that ended with what the name says.
    """

    env: str
    driver: str
    episodes: int
    mean: float
    deviation: float
    steps: float
    rates: dict[str, float]

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(self.deviation / np.sqrt(self.episodes))


def make(env: str, worlds: int = WORLDS, threads: int | None = None, **options: Any) -> Any:
    """Worlds of an id that begin the next episode in the step that ends one."""
    import gymnasium

    options = {"threads": threads or available_threads(), "autoreset_mode": "SameStep", **options}
    mode = gymnasium.VectorizeMode.VECTOR_ENTRY_POINT
    return gymnasium.make_vec(f"simulator:{env}", num_envs=worlds, vectorization_mode=mode, **options)


def play(envs: Any, driver: str, policy: Policy, episodes: int = EPISODES, seed: int = SEED) -> Played:
    """As many episodes in each world, so that short ones do not count more often than long ones."""
    worlds = envs.num_envs
    each = -(-episodes // worlds)
    left, running, length = np.full(worlds, each), np.zeros(worlds), np.zeros(worlds, int)
    returns, lengths, ends = [], [], {name: [] for name in RATES}
    observations, _ = envs.reset(seed=seed)
    while left.any():
        observations, rewards, terminated, truncated, info = envs.step(policy(observations))
        running += rewards
        length += 1
        over = terminated | truncated
        for k in np.flatnonzero(over & (left > 0)):
            returns.append(running[k])
            lengths.append(length[k])
            for name in RATES:
                if name in info["final_info"]:
                    ends[name].append(float(info["final_info"][name][k]))
        left -= over & (left > 0)
        running[over], length[over] = 0.0, 0
    rates = {name: float(np.mean(values)) for name, values in ends.items() if values}
    name = envs.spec.id if envs.spec else type(envs).__name__
    mean, deviation = float(np.mean(returns)), float(np.std(returns))
    return Played(name, driver, len(returns), mean, deviation, float(np.mean(lengths)), rates)


def random(envs: Any, seed: int = 0) -> Policy:
    """Actions drawn evenly."""
    envs.action_space.seed(seed)
    return lambda _: envs.action_space.sample()


def idle(envs: Any) -> Policy:
    """An action that changes nothing: goes straight on at its speed, whoever is ahead."""
    import gymnasium

    space = envs.single_action_space
    from simulator.envs.actions import Meta

    action = np.asarray(int(Meta.IDLE)) if isinstance(space, gymnasium.spaces.Discrete) else np.zeros(space.shape)
    actions = np.broadcast_to(action.astype(space.dtype), (envs.num_envs, *space.shape)).copy()
    return lambda _: actions


def baselines(env: str, episodes: int = EPISODES, **options: Any) -> list[Played]:
    """What random actions, none, and the models of traffic come to on one id."""
    found = []
    for driver in ("random", "cruise", "idm"):
        envs = make(env, driver="idm" if driver == "idm" else "agent", **options)
        found.append(play(envs, driver, idle(envs) if driver == "cruise" else random(envs), episodes))
        envs.close()
    return found


def show(found: list[Played], title: str) -> None:
    """Print the episodes as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    names = [name for name in RATES if any(name in one.rates for one in found)]
    for heading in ("env", "driver", "episodes", "return", "steps", *(name.replace("_", " ") for name in names)):
        table.add_column(heading, justify="left" if heading in ("env", "driver") else "right")
    for one in found:
        rates = [f"{one.rates[name]:.1%}" if name in one.rates else "-" for name in names]
        spread = f"{one.mean:.2f} ± {one.error:.2f}"
        table.add_row(
            one.env.removeprefix("OddRoad/"), one.driver, str(one.episodes), spread, f"{one.steps:.1f}", *rates
        )
    Console().print(table)


def main() -> None:
    """Play all ids and show what came of it."""
    from simulator.envs.registration import env_id, task_names

    parser = argparse.ArgumentParser(prog="python -m benchmarks baselines", description=__doc__)
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    found = [one for task in task_names() for one in baselines(env_id(task), options.episodes)]
    show(found, "baselines")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
