"""Where lanes lead: points ahead on the agent's own way and on the lanes to its left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Features, Fill
from simulator.envs.observations.kinematics import FAR_M, FAST_MPS, unit
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, along_left, along_right, sample_at
from simulator.traffic.state import WAYS

if TYPE_CHECKING:
    from simulator.envs.core import Core

POINT = ("x", "y", "turn", "limit")


class Ahead(NamedTuple):
    """Where the numbers of `LaneGraph` are written.

    Attributes:
        column: of the first number.
        distances: (D,) m along the lanes.
    """

    column: int
    distances: NDArray[np.float64]


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

    def writer(self, core: Core, rows: NDArray[np.float32], column: int) -> Fill:
        """A kernel over worlds."""
        actors, lanes, ahead = core.actors, core.lanes, self.ahead(column)

        def fill(begin: int, end: int) -> None:
            _observe(actors, lanes, ahead, rows, begin, end)

        return fill

    def ahead(self, column: int) -> Ahead:
        """What kernels need, for numbers from `column` on."""
        return Ahead(column, np.array(self.distances_m))


@kernel(inline=True)
def _follow(lanes, lane, s, ways, vehicle, c, sn, distances, out):  # type: ignore[no-untyped-def]
    """Points at `distances` ahead of a place; over the ends of lanes along `ways`, and where these end the first link.

    Args:
        ways: (WAYS,) lanes that follow, NONE where not known.
        vehicle: whose frame the points are in; `c`, `sn`: cosine and sine of its yaw.
        out: (4 D,) float32.
    """
    passed, step = 0.0, 0
    for k in range(distances.shape[0]):
        at = s + distances[k] - passed
        row = lanes.lanes[lane]
        while at > row.length:
            onward = ways[step] if step < WAYS else NONE
            if onward == NONE:
                if row.nexts == 0:
                    break
                onward = lanes.links[row.next]
            step += 1
            at -= row.length
            passed += row.length
            lane = onward
            row = lanes.lanes[lane]
        i, u = sample_at(lanes, lane, min(at, row.length))
        a, b = lanes.samples[i], lanes.samples[i + 1]
        u = min(max(u, 0.0), 1.0)
        dx, dy = a.x + u * (b.x - a.x) - vehicle.x, a.y + u * (b.y - a.y) - vehicle.y
        out[4 * k], out[4 * k + 1] = unit((dx * c + dy * sn) / FAR_M), unit((dy * c - dx * sn) / FAR_M)
        ux, uy = a.cos + u * (b.cos - a.cos), a.sin + u * (b.sin - a.sin)
        out[4 * k + 2] = unit(uy * c - ux * sn)
        out[4 * k + 3] = unit(a.limit / FAST_MPS)


@kernel(inner=True)
def write_lanes(actors, lanes, ahead, rows, w):  # type: ignore[no-untyped-def]
    """Fill `rows` from `ahead.column` on for the agents of world `w`."""
    agents, distances = actors.agents.shape[1], ahead.distances
    width, nowhere = 4 * distances.shape[0], np.full(WAYS, NONE)
    for k in range(agents):
        v, row = actors.vehicles[w, k], rows[w * agents + k]
        out = row[ahead.column :]
        for n in range(3 * width):
            out[n] = np.float32(0.0)
        if v.lane == NONE:
            continue
        c, s, here = np.cos(v.yaw), np.sin(v.yaw), lanes.lanes[v.lane]
        _follow(lanes, v.lane, v.s, v.ways, v, c, s, distances, out)
        if here.left != NONE:
            _follow(lanes, here.left, along_left(lanes, v.lane, v.s), nowhere, v, c, s, distances, out[width:])
        if here.right != NONE:
            beside = along_right(lanes, v.lane, v.s)
            _follow(lanes, here.right, beside, nowhere, v, c, s, distances, out[2 * width :])


@kernel
def _observe(actors, lanes, ahead, rows, begin, end):  # type: ignore[no-untyped-def]
    """Fill `rows` from `ahead.column` on for the agents of worlds `begin` .. `end`."""
    actors, lanes, ahead, rows = bare(actors), bare(lanes), bare(ahead), bare(rows)
    for w in range(begin, end):
        write_lanes(actors, lanes, ahead, rows, w)
