"""A driver on the Highway environment, learned by Stable-Baselines3's PPO in minutes, beside those that learn nothing.

`python -m benchmarks.learn [--minutes 10] [--seed 0] [--out learn]` writes `curve.csv`, `curve.png`, `driver.zip`
and `scale.pkl`, the scales of what it sees.
All drivers are judged on the same episodes, with seeds that
training does not reach: the learned one without its exploration, one that goes straight on at its speed (cruise),
random actions, and the models of our traffic (IDM and MOBIL).
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecNormalize

from benchmarks.baselines import Played, idle, make, play, random, show
from benchmarks.stable_baselines import Vectorised
from simulator.numerics.parallel import available_threads

ENV = "OddRoad/Highway-v0"
OPTIONS: dict[str, Any] = {
    "action_type": "discrete",
    "observation": {"kind": "kinematics", "vehicles": 10, "people": 0},
    "policy_hz": 1,
    "physics_hz": 15,
    "duration_s": 40,
}
WORLDS = 64
# A crash shows within seconds, and decisions are one a second: what is farther ahead than ten of them is noise.
PPO_SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 256,
    "n_epochs": 8,
    "learning_rate": 5e-4,
    "gamma": 0.9,
    "gae_lambda": 0.9,
    "ent_coef": 0.005,
    "policy_kwargs": {"net_arch": [256, 256]},
}
POINT_S = 5.0  # between points of the curve

Point = dict[str, float]


class Curve(BaseCallback):
    """Ends learning when its time is over, and keeps what episodes came to meanwhile."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.points: list[Point] = []
        self._seconds, self._start, self._due = seconds, time.perf_counter(), POINT_S
        self._returns: list[float] = []
        self._collisions: list[float] = []

    def _on_rollout_start(self) -> None:
        # The rate of learning falls to nothing with the time, whatever the number of steps: late steps only polish.
        left = max(1.0 - (time.perf_counter() - self._start) / self._seconds, 0.02)
        self.model.lr_schedule = lambda _: left * PPO_SETTINGS["learning_rate"]

    def _on_training_start(self) -> None:
        self._running = np.zeros(self.training_env.num_envs)

    def _on_step(self) -> bool:
        # Of VecNormalize, which is what it is here, and not of every VecEnv.
        self._running += self.training_env.get_original_reward()  # type: ignore[attr-defined]
        for k in np.flatnonzero(self.locals["dones"]):
            self._returns.append(self._running[k])
            self._collisions.append(float(self.locals["infos"][k]["collision"]))
            self._running[k] = 0.0
        now = time.perf_counter() - self._start
        if self._returns and now > self._due:
            point = {"seconds": now, "steps": float(self.num_timesteps), "episodes": float(len(self._returns))}
            means = {"return": float(np.mean(self._returns)), "collisions": float(np.mean(self._collisions))}
            self.points.append({**point, **means})
            self._returns, self._collisions, self._due = [], [], now + POINT_S
        return now < self._seconds


def learn(envs: Any, seconds: float, seed: int = 0) -> tuple[PPO, list[Point]]:
    """A driver and its curve, after that many seconds."""
    torch.set_num_threads(1)  # the network is so small that two threads mostly wait for each other
    curve = Curve(seconds)
    # Lanes lie 4 % of the range of an observation apart: without the scale of each number they are hard to tell.
    scaled = VecNormalize(Vectorised(envs), gamma=PPO_SETTINGS["gamma"])
    model = PPO("MlpPolicy", scaled, seed=seed, device="cpu", **PPO_SETTINGS)
    model.learn(total_timesteps=10**12, callback=curve)
    return model, curve.points


def judge(model: PPO) -> list[Played]:
    """The learned driver and the others on the same episodes."""
    scale, found = model.get_vec_normalize_env(), []
    assert scale is not None
    for driver in ("ppo", "cruise", "random", "idm"):
        envs = make(ENV, driver="idm" if driver == "idm" else "agent", **OPTIONS)
        policies = {
            "ppo": lambda seen: model.predict(scale.normalize_obs(seen), deterministic=True)[0],
            "cruise": idle(envs),
        }
        found.append(play(envs, driver, policies.get(driver) or random(envs)))
        envs.close()
    return found


def write_curve(points: list[Point], played: list[Played], out: Path) -> None:
    """`curve.csv` and `curve.png` in a folder."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with (out / "curve.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(points[0]))
        writer.writeheader()
        writer.writerows(points)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    minutes = [point["seconds"] / 60 for point in points]
    axes.plot(minutes, [point["return"] for point in points], color="C0", label="ppo, while it learns")
    for k, one in enumerate(played):
        axes.axhline(one.mean, color=f"C{k}", linestyle="--", label=f"{one.driver}: {one.mean:.1f}")
    axes.set(xlabel="minutes", ylabel="return of an episode", xlim=(0, None), title=f"{ENV}, Stable-Baselines3 PPO")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    figure.savefig(out / "curve.png", dpi=120)
    pyplot.close(figure)


def main() -> None:
    """Learn, judge and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learn", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=available_threads(), help="default: one a processor")
    parser.add_argument("--out", type=Path, default=Path("learn"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    envs = make(ENV, WORLDS, options.threads, **OPTIONS)
    model, points = learn(envs, options.minutes * 60, options.seed)
    envs.close()
    model.save(options.out / "driver.zip")
    scaled = model.get_vec_normalize_env()
    assert scaled is not None
    scaled.save(str(options.out / "scale.pkl"))
    played = judge(model)
    write_curve(points, played, options.out)
    show(played, f"{points[-1]['steps']:,.0f} steps in {points[-1]['seconds']:.0f} s")


if __name__ == "__main__":
    main()
