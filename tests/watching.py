"""Watching traffic: who touches whom, and whether vehicles move as vehicles do, step by step for hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.parallel import parallel_for
from simulator.traffic.desk import desk
from simulator.traffic.lane_map import NONE
from simulator.traffic.simulation import Traffic
from simulator.traffic.state import Control
from simulator.traffic.stepping import step_world

STOREY_M = 2.5
TOUCH_DTYPE = np.dtype([("world", np.int64), ("step", np.int64), ("i", np.int64), ("j", np.int64)])
DRIVER = int(Control.DRIVER)


@kernel
def overlap(a, b):
    """Whether two boxes (x, y, z, cos, sin, half length, half width) overlap, by the axes of both."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    cos, sin = abs(a[3] * b[3] + a[4] * b[4]), abs(a[3] * b[4] - a[4] * b[3])
    return (
        abs(dx * a[3] + dy * a[4]) < a[5] + b[5] * cos + b[6] * sin
        and abs(dy * a[3] - dx * a[4]) < a[6] + b[5] * sin + b[6] * cos
        and abs(dx * b[3] + dy * b[4]) < b[5] + a[5] * cos + a[6] * sin
        and abs(dy * b[3] - dx * b[4]) < b[6] + a[5] * sin + a[6] * cos
    )


@kernel
def watch_worlds(ground, worlds, desk, dt_ns, steps, first, begin, end, last, touches, counts, worst):
    """Step worlds and write down who touches whom, and the worst of everything.

    Args:
        ground, worlds, desk: of the traffic.
        dt_ns, steps: ns of a step, and their number.
        first: number of the first step.
        begin, end: of the worlds.
        last: (W, A, A) int32 step in which a pair last touched, plus 1.
        touches: (W, N) TOUCH_DTYPE result: the first `counts[w]` of each world are filled.
        counts: (W,) int64.
        worst: (W, 5) result: m/s2 of braking beyond what the vehicle can, m/s2 of acceleration, m moved more or less
            than its speed says, s waited, sum of the speeds of all.
    """
    ground, worlds, desk = bare(ground), bare(worlds), bare(desk)
    dt, size = dt_ns * 1e-9, worlds.vehicles.shape[1]
    box, order, before = np.zeros((size, 7)), np.arange(size), np.zeros((size, 4))
    for w in range(begin, end):
        vehicles, drivers = worlds.vehicles[w], worlds.drivers[w]
        for step in range(first, first + steps):
            for i in range(size):
                me = vehicles[i]
                before[i, 0], before[i, 1], before[i, 2], before[i, 3] = me.x, me.y, me.speed, me.serial
            step_world(ground, worlds, desk, dt_ns, w)
            for i in range(size):
                me, driver = vehicles[i], drivers[i]
                middle, cos, sin = 0.5 * (driver.front - driver.rear), np.cos(me.yaw), np.sin(me.yaw)
                box[i, 0], box[i, 1], box[i, 2] = me.x + middle * cos, me.y + middle * sin, me.z
                box[i, 3], box[i, 4] = cos, sin
                box[i, 5], box[i, 6] = 0.5 * (driver.front + driver.rear), driver.half_width
                if me.lane == NONE:
                    box[i, 0] = np.inf
                    continue
                if me.control != DRIVER or me.serial != before[i, 3]:  # it has just come up
                    continue
                worst[w, 0] = max(worst[w, 0], -me.acceleration - driver.hardest)
                worst[w, 1] = max(worst[w, 1], me.acceleration)
                worst[w, 3] = max(worst[w, 3], me.waited)
                worst[w, 4] += me.speed
                way = np.hypot(me.x - before[i, 0], me.y - before[i, 1])
                worst[w, 2] = max(worst[w, 2], abs(way - 0.5 * (me.speed + before[i, 2]) * dt))
            for k in range(1, size):  # nearly sorted from the step before
                i, n = order[k], k
                while n > 0 and box[order[n - 1], 0] > box[i, 0]:
                    order[n] = order[n - 1]
                    n -= 1
                order[n] = i
            for k in range(size):
                a = box[order[k]]
                if a[0] == np.inf:
                    break
                for n in range(k + 1, size):
                    b = box[order[n]]
                    if b[0] - a[0] > 25.0:
                        break
                    if abs(b[1] - a[1]) < 25.0 and abs(b[2] - a[2]) < STOREY_M and overlap(a, b):
                        i, j = min(order[k], order[n]), max(order[k], order[n])
                        if last[w, i, j] < step and counts[w] < touches.shape[1]:
                            touch = touches[w, counts[w]]
                            touch.world, touch.step, touch.i, touch.j = w, step, i, j
                            counts[w] += 1
                        last[w, i, j] = step + 1


@dataclass(eq=False)
class Watch:
    """What was seen of traffic: see `watch_worlds`."""

    traffic: Traffic
    dt_ns: int = 100_000_000

    def __post_init__(self) -> None:
        worlds, size = self.traffic.vehicles.shape
        self.last = np.zeros((worlds, size, size), np.int32)
        self.filled = np.zeros((worlds, 1000), TOUCH_DTYPE)
        self.counts = np.zeros(worlds, np.int64)
        self.worst = np.zeros((worlds, 5))
        self.steps = 0
        self.desks = [desk(len(self.traffic.lane_map.keys), size) for _ in range(worlds)]

    def run(self, seconds: float) -> Watch:
        """Step all worlds on."""
        steps = round(seconds * 1e9 / self.dt_ns)

        def work(begin: int, end: int) -> None:
            watch_worlds(
                self.traffic.ground, self.traffic.worlds, self.desks[begin], self.dt_ns, steps, self.steps, begin, end,
                self.last, self.filled, self.counts, self.worst,
            )  # fmt: skip

        parallel_for(work, len(self.counts), chunk=1)
        self.steps += steps
        return self

    @property
    def touches(self) -> NDArray[np.void]:
        """TOUCH_DTYPE of all worlds."""
        return np.concatenate([rows[:count] for rows, count in zip(self.filled, self.counts)])
