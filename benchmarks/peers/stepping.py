"""Steps/s of an environment with the plain Gymnasium API and random actions, resets included.

Also a program that measures another project's environment with that project's packages on the path: it imports nothing
of ours. Each line it reads is a number of seconds to step for, each line that it writes is JSON: first what it is, then
what each request gave. It keeps its environment from one request to the next, as a long training would.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from importlib.metadata import version
from typing import Any

_ACTIONS = 1000  # drawn before the clock starts: Box.sample() alone takes as long as a quick environment's step


class Stepping:
    """An environment that is stepped with random actions and reset when an episode ends."""

    def __init__(self, env: Any, seed: int = 0) -> None:
        env.action_space.seed(seed)
        self._actions = itertools.cycle([env.action_space.sample() for _ in range(_ACTIONS)])
        env.reset(seed=seed)
        self._env = env

    def run(self, seconds: float) -> dict[str, float]:
        """Step for that long: `steps` and `resets` done and `seconds` taken."""
        step, reset, actions = self._env.step, self._env.reset, self._actions
        steps = resets = 0
        start = now = time.perf_counter()
        while now - start < seconds:
            _, _, terminated, truncated, _ = step(next(actions))
            steps += 1
            if terminated or truncated:
                reset()
                resets += 1
            now = time.perf_counter()
        return {"steps": steps, "resets": resets, "seconds": now - start}


def highway_env() -> tuple[Any, str]:
    """`highway-v0` as it comes: 50 vehicles, one decision and 15 substeps of the simulation a step, 40 steps."""
    import gymnasium
    import highway_env

    env = gymnasium.make("highway-v0")
    config = env.unwrapped.config
    expected = {"vehicles_count": 50, "simulation_frequency": 15, "policy_frequency": 1, "duration": 40}
    assert {key: config[key] for key in expected} == expected, config
    return env, f"highway-env {version(highway_env.__name__)}"


def metadrive(density: float = 0.1) -> tuple[Any, str]:
    """MetaDrive as it comes, without pictures: 240 lidar beams, 5 physics steps of 0.02 s a step.

    Its default `traffic_density` of 0.1 puts 10 to 15 other cars on its first map, 0.3 about 40. Its models and
    textures, which only drawing needs, are not fetched.
    """
    from metadrive import MetaDriveEnv
    from metadrive.engine.base_engine import BaseEngine

    BaseEngine.try_pull_asset = staticmethod(lambda: None)
    env = MetaDriveEnv({"log_level": 50, "traffic_density": density})
    assert env.config["vehicle_config"]["lidar"]["num_lasers"] == 240 and env.config["decision_repeat"] == 5
    return env, f"MetaDrive {version('metadrive-simulator')}"


def car_racing() -> tuple[Any, str]:
    """Gymnasium's own driving by camera: 96 x 96 RGB of a flat track from above."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    import gymnasium

    return gymnasium.make("CarRacing-v3"), f"Gymnasium {version('gymnasium')} CarRacing-v3, 96x96"


ENVIRONMENTS = {
    "highway-env": highway_env,
    "metadrive": metadrive,
    "metadrive-dense": lambda: metadrive(0.3),
    "car-racing": car_racing,
}


def main() -> None:
    """Answer requests from standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w")  # whatever the environment prints goes elsewhere
    os.dup2(2, 1)
    env, name = ENVIRONMENTS[sys.argv[1]]()
    stepping = Stepping(env)
    print(json.dumps({"name": name}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(stepping.run(float(line))), file=answers, flush=True)
    env.close()


if __name__ == "__main__":
    main()
