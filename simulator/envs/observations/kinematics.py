"""The agent, the nearest vehicles and the nearest people, as numbers in the agent's frame."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.contacts import NOWHERE_M, crowd_among, take_bodies
from simulator.envs.observations.base import Features, Fill
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.memory import load
from simulator.numerics.simd import LANES, bits, bits_float, float_bits, lowest, without_lowest
from simulator.numerics.trig import sine_cosine
from simulator.traffic.lane_map import half_width_at, sample_at

# Units of the numbers, so that they lie in -1..1; what is beyond is cut off.
FAR_M, FAST_MPS, HARD_MPS2, TURN_RADPS, LONG_M, WIDE_M = 100.0, 40.0, 10.0, 1.0, 20.0, 5.0
EGO = (
    "speed", "lateral_speed", "yaw_rate", "acceleration", "steer", "lane_offset", "lane_sine", "lane_cosine",
    "lane_half_width", "limit", "left_lane", "right_lane", "stand_distance", "red", "goal_x", "goal_y",
    "goal_cosine", "goal_sine",
)  # fmt: skip
OTHER = ("present", "x", "y", "vx", "vy", "cosine", "sine", "length")
PERSON = ("present", "x", "y", "vx", "vy")
_X, _Y, _VX, _VY, _COS, _SIN, _LENGTH = range(7)  # rows of what is packed of a world
COLUMN = (1 << 32) - 1  # bits of a rank that tell the column
NEVER = np.float32(np.inf)


class Near(NamedTuple):
    """Where the numbers of `Kinematics` are written, for N agents.

    Attributes:
        column: of the first number.
        vehicles: (N, V) the vehicles nearest at the last time, and others: where the search begins.
        people: (N, P) likewise.
    """

    column: int
    vehicles: NDArray[np.int64]
    people: NDArray[np.int64]


class Packed(NamedTuple):
    """A world's vehicles and people, column by column, and what a search for the nearest needs.

    Attributes:
        wheeled: (7, A) float32 x, y, vx, vy, cosine and sine of yaw, length. walking: (4, P) float32 x, y, vx, vy.
        squares: (most and up to 7 more,) float32 m2 to each. best: (most that are asked for,) int64 ranks.
    """

    wheeled: NDArray[np.float32]
    walking: NDArray[np.float32]
    squares: NDArray[np.float32]
    best: NDArray[np.int64]


class Kinematics(Features, kind="kinematics"):
    """The agent's own motion and place in its lane, then the nearest vehicles, then the nearest people.

    In the agent's frame (x forward, y left, of the middle of its box); velocities relative to the agent's. Rows without
    anybody are 0. Units: 100 m, 40 m/s, 10 m/s2, 1 rad/s; offset in half widths of the lane, lengths 20 m, widths 5 m.
    """

    vehicles: int = Field(12, ge=0, le=64)
    """Rows of other vehicles: present, x, y, vx, vy, cosine and sine of the yaw, length."""
    people: int = Field(6, ge=0, le=64)
    """Rows of people: present, x, y, vx, vy."""

    def names(self) -> tuple[str, ...]:
        """What each number is."""
        vehicles = [f"vehicle_{k}_{name}" for k in range(self.vehicles) for name in OTHER]
        people = [f"person_{k}_{name}" for k in range(self.people) for name in PERSON]
        return (*EGO, *vehicles, *people)

    def writer(self, core: Any, rows: NDArray[np.float32], column: int) -> Fill:
        """A kernel over worlds."""
        actors, lanes, near = core.actors, core.lanes, self.near(core, column)

        def fill(begin: int, end: int) -> None:
            """Worlds `begin` to `end`."""
            _observe(actors, lanes, near, crowd_among(actors), rows, begin, end)

        return fill

    def near(self, core: Any, column: int) -> Near:
        """What kernels need, for numbers from `column` on."""
        return Near(column, *(np.tile(np.arange(rows), (core.count, 1)) for rows in (self.vehicles, self.people)))


@kernel(inline=True)
def unit(value):
    """A number held to -1..1, as float32."""
    return min(max(np.float32(value), np.float32(-1.0)), np.float32(1.0))


@kernel(inline=True)
def _pack(bodies, packed):
    """Middles of boxes, velocities, cosine and sine of yaw, lengths of a world's vehicles, then places and velocities
    of its people, column by column."""
    wheeled, walking = packed.wheeled, packed.walking
    for i in range(wheeled.shape[1]):
        body = bodies[i]
        wheeled[_X, i], wheeled[_Y, i] = (body.x, body.y) if body.active else (NOWHERE_M, NOWHERE_M)
        wheeled[_VX, i], wheeled[_VY, i] = body.vx, body.vy
        wheeled[_COS, i], wheeled[_SIN, i], wheeled[_LENGTH, i] = body.cos, body.sin, 2.0 * body.half_length
    for i in range(walking.shape[1]):
        body = bodies[wheeled.shape[1] + i]
        walking[_X, i], walking[_Y, i] = (body.x, body.y) if body.active else (NOWHERE_M, NOWHERE_M)
        walking[_VX, i], walking[_VY, i] = body.vx, body.vy


@kernel(inline=True)
def _insert(best, k, rank):
    """Put a rank in its place among the first `k`, which are in order, and so over the one at `k`."""
    while k > 0 and best[k - 1] > rank:
        best[k] = best[k - 1]
        k -= 1
    best[k] = rank


@kernel(inline=True)
def _nearest(columns, x, y, own, sight, packed, known):
    """Fill `known` with the columns nearest to a point but `own`, nearest first; how many of them are within sight.

    The search begins with what `known` has been, so that mostly only those few are put in order, and all others are
    passed over; the result does not depend on it, as long as no column is there twice. A column's rank is its distance
    and, among equals, its number; columns without a place are last.
    """
    squares, best = packed.squares, packed.best
    count, most = columns.shape[1], min(columns.shape[1], known.shape[0])
    if most == 0:
        return 0
    for i in range(count):
        dx, dy = columns[_X, i] - x, columns[_Y, i] - y
        squares[i] = dx * dx + dy * dy
    for i in range(count, -(-count // LANES) * LANES):
        squares[i] = NEVER
    if own >= 0:
        squares[own] = NEVER
    for n in range(most):
        i = known[n]
        _insert(best, n, np.int64(float_bits(squares[i])) << 32 | i)  # floats from 0 on are in the order of their bits
        squares[i] = NEVER
    worst = bits_float(np.int32(best[most - 1] >> 32))
    for begin in range(0, count, LANES):
        nearer = bits(load(squares, begin) <= worst)
        while nearer != 0:
            i = begin + lowest(nearer)
            nearer = without_lowest(nearer)
            rank = np.int64(float_bits(squares[i])) << 32 | i
            if squares[i] < NEVER and rank < best[most - 1]:
                _insert(best, most - 1, rank)
    seen, bound = 0, np.int64(float_bits(sight * sight))
    for n in range(most):
        known[n] = best[n] & COLUMN
        seen += best[n] >> 32 < bound
    return seen


@kernel(inline=True)
def ego_numbers(v, driver, agent, lanes, c, s, out):
    """The agent's own numbers, in the order of `EGO`."""
    out[0], out[1] = unit(v.speed / FAST_MPS), unit(v.lateral_speed / FAST_MPS)
    out[2], out[3], out[4] = unit(v.yaw_rate / TURN_RADPS), unit(v.acceleration / HARD_MPS2), unit(v.steer)
    for k in range(5, 12):
        out[k] = np.float32(0.0)
    if v.lane >= 0:
        i, u = sample_at(lanes, v.lane, v.s)
        half = max(half_width_at(lanes, v.lane, v.s), 0.1)
        a, b = lanes.samples[i], lanes.samples[i + 1]
        turned = v.yaw - (a.heading + min(max(u, 0.0), 1.0) * (b.heading - a.heading))
        sine, cosine = sine_cosine(turned)
        out[5], out[6], out[7] = unit(v.d / half), np.float32(sine), np.float32(cosine)
        out[8], out[9] = unit(half / WIDE_M), unit(a.limit / FAST_MPS)
        out[10] = np.float32(1.0 if lanes.lanes[v.lane].left >= 0 else 0.0)
        out[11] = np.float32(1.0 if lanes.lanes[v.lane].right >= 0 else 0.0)
    out[12], out[13] = unit(agent.stand_m / FAR_M), np.float32(agent.red)
    for k in range(14, 18):
        out[k] = np.float32(0.0)
    if agent.has_goal:
        ahead = 0.5 * (driver.front - driver.rear)
        dx, dy = agent.goal_x - v.x - ahead * c, agent.goal_y - v.y - ahead * s
        out[14], out[15] = unit((dx * c + dy * s) / FAR_M), unit((dy * c - dx * s) / FAR_M)
        out[16], out[17] = np.float32(np.cos(agent.goal_yaw - v.yaw)), np.float32(np.sin(agent.goal_yaw - v.yaw))


@kernel(inline=True)
def room_to_pack(actors, near):
    """A `Packed` for worlds of these actors."""
    vehicles, people = actors.vehicles.shape[1], actors.people.shape[1]
    most = max(vehicles, people)
    return Packed(
        np.empty((7, vehicles), np.float32),
        np.empty((4, people), np.float32),
        np.empty(-(-most // LANES) * LANES, np.float32),
        np.empty(max(near.vehicles.shape[1], near.people.shape[1]), np.int64),
    )


@kernel(inline=True)
def _write_motion(columns, i, x, y, vx, vy, c, s, out):
    """Presence, place and velocity of a column in the frame of an agent, in the order of `PERSON`."""
    reach, fast = np.float32(1.0 / FAR_M), np.float32(1.0 / FAST_MPS)
    dx, dy, ux, uy = columns[_X, i] - x, columns[_Y, i] - y, columns[_VX, i] - vx, columns[_VY, i] - vy
    out[0] = np.float32(1.0)
    out[1], out[2] = unit((dx * c + dy * s) * reach), unit((dy * c - dx * s) * reach)
    out[3], out[4] = unit((ux * c + uy * s) * fast), unit((uy * c - ux * s) * fast)


@kernel(inner=True)
def write_near(actors, lanes, near, bodies, packed, rows, w):
    """Fill `rows` from `near.column` on for the agents of world `w`, whose `bodies` have been taken
    (`contacts.take_bodies`); whoever calls keeps `packed`."""
    packed = bare(packed)
    wheeled, walking = packed.wheeled, packed.walking
    agents, others, people = actors.agents.shape[1], near.vehicles.shape[1], near.people.shape[1]
    _pack(bodies, packed)
    sight = np.float32(min(actors.weather[w].sight, FAR_M * np.sqrt(2.0)))
    for k in range(agents):
        row = rows[w * agents + k]
        out = row[near.column :]
        c, s = wheeled[_COS, k], wheeled[_SIN, k]
        x, y, vx, vy = wheeled[_X, k], wheeled[_Y, k], wheeled[_VX, k], wheeled[_VY, k]
        ego_numbers(actors.vehicles[w, k], actors.drivers[w, k], actors.agents[w, k], lanes, c, s, out)
        known = near.vehicles[w * agents + k]
        seen = _nearest(wheeled, x, y, k, sight, packed, known)
        for n in range(others):
            at = out[len(EGO) + n * len(OTHER) :]
            if n < seen:
                i = known[n]
                _write_motion(wheeled, i, x, y, vx, vy, c, s, at)
                at[5] = unit(wheeled[_COS, i] * c + wheeled[_SIN, i] * s)
                at[6] = unit(wheeled[_SIN, i] * c - wheeled[_COS, i] * s)
                at[7] = unit(wheeled[_LENGTH, i] * np.float32(1.0 / LONG_M))
            else:
                for m in range(len(OTHER)):
                    at[m] = np.float32(0.0)
        known = near.people[w * agents + k]
        seen = _nearest(walking, x, y, -1, sight, packed, known)
        for n in range(people):
            at = out[len(EGO) + others * len(OTHER) + n * len(PERSON) :]
            if n < seen:
                _write_motion(walking, known[n], x, y, vx, vy, c, s, at)
            else:
                for m in range(len(PERSON)):
                    at[m] = np.float32(0.0)


@kernel
def _observe(actors, lanes, near, crowd, rows, begin, end):
    """Fill `rows` from `near.column` on for the agents of worlds `begin` .. `end`; `crowd`: scratch."""
    actors, lanes, near, crowd, rows = bare(actors), bare(lanes), bare(near), bare(crowd), bare(rows)
    packed = room_to_pack(actors, near)
    for w in range(begin, end):
        take_bodies(actors, w, crowd)
        write_near(actors, lanes, near, crowd.bodies, packed, rows, w)
