"""Vehicles that move: steps of a vehicle a second in batches of 100,000, for each model of `simulator.dynamics`."""

from __future__ import annotations

import numpy as np

from benchmarks.table import Row, best_seconds, row
from simulator.dynamics import Control, Method, Model, roll_at, standing, step, vehicle, vehicles

COUNT = 100_000
_NAMES = ("ford_escort", "bmw_320i", "vw_vanagon")
_SECONDS = 0.01  # a step, in one part


def rows(threads: int) -> list[Row]:
    """Million vehicle-steps/s on one thread and on `threads`, of cars in traffic that steer, drive and brake."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(len(_NAMES), size=COUNT)
    speed = rng.uniform(0.0, 30.0, COUNT)
    friction = rng.uniform(0.2, 1.0, COUNT)
    control = np.zeros((len(Control), COUNT))
    control[Control.STEER_RATE] = rng.uniform(-0.05, 0.05, COUNT)
    control[Control.DRIVE] = rng.uniform(0.0, 2.0, COUNT)
    control[Control.BRAKE] = rng.uniform(0.0, 4.0, COUNT) * (rng.random(COUNT) < 0.3)
    works, labels = [], []
    for model in Model:
        for method in Method:
            table = vehicles([vehicle(name, model) for name in _NAMES])
            state = standing(COUNT)
            roll_at(state, speed, table, kinds)
            if model == Model.DRIFT and method == Method.RK4:
                continue  # wheels are too stiff for it at this step
            for count in dict.fromkeys((1, threads)):
                works.append(_stepping(state.copy(), control, friction, kinds, table, method, count))
                labels.append((f"{model.name.lower()}, {method.name.lower()}", count))
    seconds = best_seconds(works, 3)
    return [
        row(f"vehicle steps, {label}", "M/s", count, COUNT / 1e6 / time)
        for (label, count), time in zip(labels, seconds, strict=True)
    ]


def _stepping(state, control, friction, kinds, table, method, threads):  # type: ignore[no-untyped-def]
    def work() -> None:
        step(state, control, friction, kinds, table, _SECONDS, substeps=1, method=method, threads=threads)

    return work
