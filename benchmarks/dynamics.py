"""Vehicles that move: steps of vehicles in batches of 100,000, for each model of `simulator.dynamics`.

Beside them CommonRoad's models in Python, where they are installed: one derivative a step, the least that a step needs.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from benchmarks.table import Row, best_seconds, row
from simulator.dynamics import Control, Method, Model, roll_at, standing, step, vehicle, vehicles

COUNT = 100_000
PEER = "CommonRoad 3.0.2, 1 thread"
_PEER_STEPS = 2000
_CARS = ("ford_escort", "bmw_320i", "vw_vanagon")
_SECONDS = 0.01  # a step, in one part
_ROWS = (
    (Model.KINEMATIC, Method.ROSENBROCK),
    (Model.KINEMATIC, Method.RK4),
    (Model.SINGLE_TRACK, Method.ROSENBROCK),
    (Model.SINGLE_TRACK, Method.RK4),
    (Model.DRIFT, Method.ROSENBROCK),  # its wheels are too stiff for RK4
)


def rows(threads: int) -> list[Row]:
    """Million steps/s on one thread and on `threads`, of cars at 0 to 30 m/s that steer, drive and brake."""
    works, labels = [], []
    for model, method in _ROWS:
        for count in dict.fromkeys((1, threads)):
            works.append(_stepping(model, method, count))
            labels.append((model, method, count))
    peers = {model: _peer_rate(model) for model in Model}
    found = []
    for (model, method, count), seconds in zip(labels, best_seconds(works, 3)):
        peer = peers[model]
        work = f"{model.name.lower()}, {method.name.lower()}"
        found.append(row(work, "Msteps/s", count, COUNT / 1e6 / seconds, peer, PEER if peer else ""))
    return found


def _stepping(model: Model, method: Method, threads: int) -> Callable[[], None]:
    rng = np.random.default_rng(0)
    kinds = rng.integers(len(_CARS), size=COUNT)
    friction = rng.uniform(0.2, 1.0, COUNT)
    control = np.zeros((len(Control), COUNT))
    control[Control.STEER_RATE] = rng.uniform(-0.05, 0.05, COUNT)
    control[Control.DRIVE] = rng.uniform(0.0, 2.0, COUNT)
    control[Control.BRAKE] = rng.uniform(0.0, 4.0, COUNT) * (rng.random(COUNT) < 0.3)
    table = vehicles([vehicle(name, model) for name in _CARS])
    start = standing(COUNT)
    roll_at(start, rng.uniform(0.0, 30.0, COUNT), table, kinds)
    state = np.empty_like(start)

    def work() -> None:
        state[:] = start  # the same work in each round
        step(state, control, friction, kinds, table, _SECONDS, substeps=1, method=method, threads=threads)

    work()  # compiles
    return work


def _peer_rate(model: Model) -> float | None:
    """Million derivatives/s of CommonRoad's model, None where it is not installed."""
    name = {Model.KINEMATIC: "ks", Model.SINGLE_TRACK: "st", Model.DRIFT: "std"}[model]
    try:
        derivative = getattr(import_module(f"vehiclemodels.vehicle_dynamics_{name}"), f"vehicle_dynamics_{name}")
        parameters = import_module("vehiclemodels.parameters_vehicle2").parameters_vehicle2()
    except ImportError:
        return None
    state = [0.0, 0.0, 0.02, 15.0, 0.0, 0.1, 0.0, 43.6, 43.6][: {"ks": 5, "st": 7, "std": 9}[name]]

    def work() -> None:
        for _ in range(_PEER_STEPS):
            derivative(state, [0.05, 1.0], parameters)

    return _PEER_STEPS / 1e6 / best_seconds([work], 3)[0]
