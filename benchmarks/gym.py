"""Reinforcement learning: steps/s of our environments, in turns with other projects' where those are on PyPI.

Both sides get random actions, drawn beforehand, through the plain Gymnasium API; episodes that end are reset within the
time that counts. A rate is all steps of all rounds over all their seconds: it depends on what traffic does meanwhile.
Single environments and peers run on one thread, vector environments on `threads`.

PufferLib's Drive, the quickest there is on a processor, cannot be had from PyPI alone. Its C core was measured earlier
on two cores of the kind that our figures are from: 156,000 to 188,000 agent-steps/s in one process and 230,000 to
286,000 in two, vectors only, without pedestrians and lights.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks.peers import peer
from benchmarks.peers.stepping import Stepping
from benchmarks.table import Row, row

ROUNDS, SECONDS = 4, 5.0
HIGHWAY = "simulator:OddRoad/Highway-v0"
URBAN = "simulator:OddRoad/Urban-v0"

# The work of highway-v0 as it comes: 50 vehicles, 15 substeps a decision of 1 s, 40 decisions an episode.
AS_HIGHWAY_ENV: dict[str, Any] = {
    "vehicles": 50,
    "action_type": "discrete",
    "observation": "kinematics",
    "policy_hz": 1,
    "physics_hz": 15,
    "duration_s": 40,
}
# The work of MetaDrive as it comes: 240 beams of 50 m, steps of 0.1 s in 5 parts, and about its 12 other cars.
AS_METADRIVE: dict[str, Any] = {
    "vehicles": 12,
    "action_type": "continuous",
    "observation": {"kind": "lidar", "beams": 240, "range_m": 50.0},
    "policy_hz": 10,
    "physics_hz": 50,
}
AGENTS, SHARING = 1024, 32
VECTOR: dict[str, Any] = {"action_type": "continuous", "observation": "vector", "people": 20}
CAMERAS = 64
CAMERA: dict[str, Any] = {"observation": {"kind": "camera", "width": 84, "height": 84, "semantic": True}}
MIN_FLOATS, MIN_TRIANGLES = 200, 300_000


def rows(threads: int) -> list[Row]:
    """Agent-steps/s of a vector of worlds, steps/s beside highway-env and MetaDrive, frames/s, memory and start."""
    counts = dict.fromkeys((1, threads))
    return [
        *(_vector(count, SHARING) for count in counts),
        _vector(threads, 1),
        _single("highway-env highway-v0", "highway-env", HIGHWAY, AS_HIGHWAY_ENV),
        _single("metadrive default", "metadrive", URBAN, AS_METADRIVE),
        _single("metadrive dense", "metadrive-dense", URBAN, {**AS_METADRIVE, "vehicles": 39}),
        *(_camera(count) for count in counts),
        *_start(threads),
    ]


def _single(work: str, environment: str, ours: str, options: dict[str, Any]) -> Row:
    """Steps/s of one environment of ours and of the peer that does the same work, in turns."""
    import gymnasium

    env = gymnasium.make(ours, **options)
    stepping = Stepping(env)
    stepping.run(1.0)  # compiles
    with peer(environment) as other:
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(stepping.run(SECONDS))
            if other:
                theirs.append(other.run(SECONDS))
    env.close()
    return row(work, "steps/s", 1, _rate(mine), _rate(theirs) if other else None, other.name if other else "")


def _rate(parts: list[dict[str, float]]) -> float:
    return sum(part["steps"] for part in parts) / sum(part["seconds"] for part in parts)


def _vector(threads: int, sharing: int) -> Row:
    """Agent-steps/s of `AGENTS`, `sharing` a world, among traffic, pedestrians and lights."""
    env = _worlds(AGENTS, threads, {**VECTOR, "agents_per_world": sharing})
    floats = env.single_observation_space.shape[0]
    assert floats >= MIN_FLOATS, f"{floats} numbers an agent, less than {MIN_FLOATS}"
    rate = _batch_rate(env)
    env.close()
    return row("vector agent-steps" + (", a world each" if sharing == 1 else ""), "agent-steps/s", threads, rate)


def _camera(threads: int) -> Row:
    """Frames/s, colour and segmentation, beside CarRacing's flat track."""
    env = _worlds(CAMERAS, threads, CAMERA)
    triangles = int(env.unwrapped.core.stage.scenery.looks.first_facet[0])
    assert triangles >= MIN_TRIANGLES, f"a street of {triangles} triangles, less than {MIN_TRIANGLES}"
    with peer("car-racing") as other:
        theirs = [other.run(SECONDS) for _ in range(2)] if other else []
        rate = _batch_rate(env)
    env.close()
    name = other.name if other else ""
    return row("camera 84x84", "frames/s", threads, rate, _rate(theirs) if other else None, name)


def _worlds(count: int, threads: int, options: dict[str, Any]) -> Any:
    import gymnasium

    mode = gymnasium.VectorizeMode.VECTOR_ENTRY_POINT
    return gymnasium.make_vec(URBAN, num_envs=count, vectorization_mode=mode, threads=threads, **options)


def _batch_rate(env: Any) -> float:
    """Steps of single environments a second, all resets included."""
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(16)]
    env.reset(seed=0)
    env.step(actions[0])  # compiles
    steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < ROUNDS * SECONDS:
        env.step(actions[steps % len(actions)])
        steps += 1
    return steps * env.num_envs / (time.perf_counter() - start)


_START = """
import json, pathlib, resource, sys, time
start = time.perf_counter()
import gymnasium
options = json.loads(sys.argv[1])
env = gymnasium.make_vec(options.pop("id"), vectorization_mode="vector_entry_point", **options)
made = time.perf_counter() - start
env.reset(seed=0)
env.step(env.action_space.sample())
status = pathlib.Path("/proc/self/status")
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if status.exists():  # what getrusage says begins, on Linux, with what the parent had at the fork
    peak_kb = int(status.read_text().split("VmHWM:")[1].split()[0])
print(json.dumps([made, peak_kb / 1024]))
"""


def _start(threads: int) -> list[Row]:
    """A fresh process, all compiled before: seconds of imports and `make_vec`, memory after the first step."""
    found = []
    for count in (1, AGENTS):
        options = {"id": URBAN, "num_envs": count, "threads": threads, **VECTOR}
        command = [sys.executable, "-c", _START, json.dumps(options)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    (seconds, _), (_, memory) = np.array(found)
    return [
        row("import and make", "s", threads, float(seconds)),
        row(f"memory of {AGENTS} worlds", "MB", threads, float(memory)),
    ]
