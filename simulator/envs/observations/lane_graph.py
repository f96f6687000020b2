"""Where lanes lead: points ahead on the agent's own way and on the lanes to its left and right."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Features, Fill
from simulator.envs.observations.kinematics import FAR_M, FAST_MPS, unit
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.memory import prefetch
from simulator.numerics.trig import sine_cosine
from simulator.traffic.lane_map import NONE, along_left, along_right
from simulator.traffic.state import WAYS

POINT = ("x", "y", "turn", "limit")
NEARER, SLOWER = np.float32(1.0 / FAR_M), np.float32(1.0 / FAST_MPS)  # into units


class Ahead(NamedTuple):
    """Where the numbers of `LaneGraph` are written.

    Attributes:
        column: of the first number.
        distances: (D,) m along the lanes.
        points: (S, 5) float32 x, y (m), cosine and sine of the heading, limit (m/s) of the lanes' samples: as close
            together as they are needed together.
    """

    column: int
    distances: NDArray[np.float64]
    points: NDArray[np.float32]


class LaneGraph(Features, kind="lane_graph"):
    """Points on the agent's own way, and on the lanes to the left and the right of it, at growing distances ahead.

    Of each: x, y in the agent's frame (100 m), sine of the lane's heading against the agent's, speed limit (40 m/s). A
    lane that ends repeats its last point; where there is no lane all are 0.
    """

    distances_m: tuple[float, ...] = Field((2.0, 6.0, 12.0, 20.0, 32.0, 48.0, 70.0, 100.0), min_length=1, max_length=64)
    """Where along the lanes the points lie, ahead of the agent's rear axle; rising."""

    def names(self) -> tuple[str, ...]:
        """What each number is."""
        places = [f"{lane}_{distance:g}m" for lane in ("way", "left", "right") for distance in self.distances_m]
        return tuple(f"{place}_{name}" for place in places for name in POINT)

    def writer(self, core: Any, rows: NDArray[np.float32], column: int) -> Fill:
        """A kernel over worlds."""
        actors, lanes, ahead = core.actors, core.lanes, self.ahead(core, column)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            _observe(actors, lanes, ahead, rows, begin, end)

        return fill

    def ahead(self, core: Any, column: int) -> Ahead:
        """What kernels need, for numbers from `column` on."""
        points = np.stack([core.lanes.samples[name] for name in ("x", "y", "cos", "sin", "limit")], axis=1)
        return Ahead(column, np.array(self.distances_m), points.astype(np.float32))


@kernel(inline=True)
def _follow(lanes, ahead, lane, s, ways, place, out):
    """Points at `distances` ahead of a place; over the ends of lanes along `ways`, and where these end the first link.

    Args:
        ahead: Ahead.
        lane, s: the place.
        ways: (WAYS,) lanes that follow, NONE where not known.
        place: x, y, cosine and sine of the yaw of whose frame the points are in, float32.
        out: (4 D,) float32.
    """
    x, y, c, sn = place
    passed, step, row = 0.0, 0, lanes.lanes[lane]
    length, rate, first, most = row.length, row.rate, row.first, row.samples - 2  # LLVM cannot know that they stay
    for k in range(ahead.distances.shape[0]):
        at = s + ahead.distances[k] - passed
        while at > length:
            onward = ways[step] if step < WAYS else NONE
            if onward == NONE:
                if lanes.lanes[lane].nexts == 0:
                    break
                onward = lanes.links[lanes.lanes[lane].next]
            step += 1
            at -= length
            passed += length
            lane, row = onward, lanes.lanes[onward]
            length, rate, first, most = row.length, row.rate, row.first, row.samples - 2
        u = min(at, length) * rate
        i = min(max(int(u), 0), most)
        u = np.float32(min(max(u - i, 0.0), 1.0))
        a, b = ahead.points[first + i], ahead.points[first + i + 1]
        dx, dy = a[0] + u * (b[0] - a[0]) - x, a[1] + u * (b[1] - a[1]) - y
        ux, uy = a[2] + u * (b[2] - a[2]), a[3] + u * (b[3] - a[3])
        out[4 * k], out[4 * k + 1] = unit((dx * c + dy * sn) * NEARER), unit((dy * c - dx * sn) * NEARER)
        out[4 * k + 2], out[4 * k + 3] = unit(uy * c - ux * sn), unit(a[4] * SLOWER)


@kernel(inline=True)
def _fetch(lanes, ahead, vehicle):
    """Let the caches fetch the points of the lane that a vehicle is on."""
    if vehicle.lane != NONE:
        row = lanes.lanes[vehicle.lane]
        for k in range(ahead.distances.shape[0]):
            along = min(vehicle.s + ahead.distances[k], row.length)
            prefetch(ahead.points, 5 * (row.first + int(along * row.rate)))


@kernel(inline=True)
def _blank(out, count):
    """Fill in `count` zeros: there is no lane."""
    for n in range(count):
        out[n] = np.float32(0.0)


@kernel(inner=True)
def write_lanes(actors, lanes, ahead, rows, w):
    """Fill `rows` from `ahead.column` on for the agents of world `w`."""
    width, nowhere = 4 * ahead.distances.shape[0], np.full(WAYS, NONE)
    for k in range(actors.agents.shape[1]):
        if k + 1 < actors.agents.shape[1]:
            _fetch(lanes, ahead, actors.vehicles[w, k + 1])
        v, row = actors.vehicles[w, k], rows[w * actors.agents.shape[1] + k]
        out = row[ahead.column :]
        if v.lane == NONE:
            _blank(out, 3 * width)
            continue
        here = lanes.lanes[v.lane]
        sine, cosine = sine_cosine(v.yaw)
        place = np.float32(v.x), np.float32(v.y), np.float32(cosine), np.float32(sine)
        _follow(lanes, ahead, v.lane, v.s, v.ways, place, out)
        if here.left != NONE:
            _follow(lanes, ahead, here.left, along_left(lanes, v.lane, v.s), nowhere, place, out[width:])
        else:
            _blank(out[width:], width)
        if here.right != NONE:
            _follow(lanes, ahead, here.right, along_right(lanes, v.lane, v.s), nowhere, place, out[2 * width :])
        else:
            _blank(out[2 * width :], width)


@kernel
def _observe(actors, lanes, ahead, rows, begin, end):
    """Fill `rows` from `ahead.column` on for the agents of worlds `begin` .. `end`."""
    actors, lanes, ahead, rows = bare(actors), bare(lanes), bare(ahead), bare(rows)
    for w in range(begin, end):
        write_lanes(actors, lanes, ahead, rows, w)
