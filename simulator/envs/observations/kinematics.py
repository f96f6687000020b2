"""The agent, the nearest vehicles and the nearest people, as numbers in the agent's frame."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Features, Fill
from simulator.numerics.bare import bare
from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_int
from simulator.numerics.trig import sine_cosine
from simulator.traffic.lane_map import half_width_at, sample_at
from simulator.traffic.person import Being
from simulator.traffic.state import Control

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
COLUMN, LAST = (1 << 32) - 1, (1 << 63) - 1  # bits of a rank that tell the column; rank behind all others


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
        squares: (most,) float32 m2 to each. ranks: (most,) int64. best: (most that are asked for,) int64.
    """

    wheeled: NDArray[np.float32]
    walking: NDArray[np.float32]
    squares: NDArray[np.float32]
    ranks: NDArray[np.int64]
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
            _observe(actors, lanes, near, rows, begin, end)

        return fill

    def near(self, core: Any, column: int) -> Near:
        """What kernels need, for numbers from `column` on."""
        return Near(column, *(np.tile(np.arange(rows), (core.count, 1)) for rows in (self.vehicles, self.people)))


@kernel(inline=True)
def unit(value):
    """A number held to -1..1, as float32."""
    return min(max(np.float32(value), np.float32(-1.0)), np.float32(1.0))


@kernel(inline=True)
def _pack(vehicles, drivers, packed):
    """Middles of boxes, velocities, cosine and sine of yaw, lengths of a world's vehicles, column by column."""
    for i in range(vehicles.shape[0]):
        v, p = vehicles[i], drivers[i]
        if v.control == Control.NOBODY:
            packed[_X, i] = packed[_Y, i] = np.float32(1e9)
            continue
        s, c = sine_cosine(v.yaw)
        ahead = 0.5 * (p.front - p.rear)
        packed[_X, i], packed[_Y, i] = v.x + ahead * c, v.y + ahead * s
        packed[_VX, i] = v.speed * c - v.lateral_speed * s
        packed[_VY, i] = v.speed * s + v.lateral_speed * c
        packed[_COS, i], packed[_SIN, i], packed[_LENGTH, i] = c, s, p.front + p.rear


@kernel(inline=True)
def _pack_people(people, packed):
    """Places and velocities of a world's people."""
    for i in range(people.shape[0]):
        p = people[i]
        packed[_X, i], packed[_Y, i] = p.x, p.y
        packed[_VX, i], packed[_VY, i] = p.vx, p.vy
        if p.being == Being.NOBODY:
            packed[_X, i] = packed[_Y, i] = np.float32(1e9)


@kernel(inline=True)
def _nearest(columns, x, y, own, sight, packed, known):
    """Fill `known` with the columns nearest to a point but `own`, nearest first; how many of them are within sight.

    The search begins with what `known` has been, so that mostly only those few are put in order, and all others are
    passed over; the result does not depend on it, as long as no column is there twice. A column's rank is its distance
    and, among equals, its number; columns without a place are last.
    """
    squares, ranks, best = packed.squares, packed.ranks, packed.best
    count, most = columns.shape[1], min(columns.shape[1], known.shape[0])
    for i in range(count):
        dx, dy = columns[_X, i] - x, columns[_Y, i] - y
        squares[i] = dx * dx + dy * dy
    for i in range(count):
        ranks[i] = np.int64(load_int(squares, i)) << 32 | i  # floats from 0 on are in the order of their bits
    if own >= 0:
        ranks[own] = LAST
    for n in range(most):
        rank, k = ranks[known[n]], n
        ranks[known[n]] = LAST
        while k > 0 and best[k - 1] > rank:
            best[k] = best[k - 1]
            k -= 1
        best[k] = rank
    for i in range(count):
        rank = ranks[i]
        if most == 0 or rank >= best[most - 1]:
            continue
        k = most - 1
        while k > 0 and best[k - 1] > rank:
            best[k] = best[k - 1]
            k -= 1
        best[k] = rank
    seen = 0
    for n in range(most):
        known[n] = own if best[n] == LAST else best[n] & COLUMN
        seen += best[n] != LAST and squares[known[n]] < sight * sight
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
        np.empty(most, np.float32),
        np.empty(most, np.int64),
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
def write_near(actors, lanes, near, packed, rows, w):
    """Fill `rows` from `near.column` on for the agents of world `w`; whoever calls keeps `packed`."""
    packed = bare(packed)
    wheeled, walking = packed.wheeled, packed.walking
    agents, others, people = actors.agents.shape[1], near.vehicles.shape[1], near.people.shape[1]
    _pack(actors.vehicles[w], actors.drivers[w], wheeled)
    _pack_people(actors.people[w], walking)
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
def _observe(actors, lanes, near, rows, begin, end):
    """Fill `rows` from `near.column` on for the agents of worlds `begin` .. `end`."""
    actors, lanes, near, rows = bare(actors), bare(lanes), bare(near), bare(rows)
    packed = room_to_pack(actors, near)
    for w in range(begin, end):
        write_near(actors, lanes, near, packed, rows, w)
