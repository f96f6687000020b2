"""The agent, the nearest vehicles and the nearest people, as numbers in the agent's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simulator.envs.observations.base import Features, Fill
from simulator.numerics.jit import borrowed, kernel
from simulator.traffic.lane_map import half_width_at, sample_at
from simulator.traffic.person import Being
from simulator.traffic.state import Control

if TYPE_CHECKING:
    from simulator.envs.core import Core

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

    def writer(self, core: Core, rows: NDArray[np.float32], column: int) -> Fill:
        """A kernel over worlds."""
        actors, lanes = core.actors, core.lanes
        counts = self.vehicles, self.people

        def fill(begin: int, end: int) -> None:
            _observe(actors, lanes, counts, rows, column, begin, end)

        return fill


@kernel(inline=True)
def unit(value):  # type: ignore[no-untyped-def]
    """A number held to -1..1, as float32."""
    return np.float32(min(max(value, -1.0), 1.0))


@kernel(inline=True)
def _pack(vehicles, drivers, packed):  # type: ignore[no-untyped-def]
    """Middles of boxes, velocities, cosine and sine of yaw, lengths of a world's vehicles, column by column."""
    for i in range(vehicles.shape[0]):
        v, p = vehicles[i], drivers[i]
        if v.control == Control.NOBODY:
            packed[_X, i] = packed[_Y, i] = np.float32(1e9)
            continue
        c, s = np.cos(v.yaw), np.sin(v.yaw)
        ahead = 0.5 * (p.front - p.rear)
        packed[_X, i], packed[_Y, i] = v.x + ahead * c, v.y + ahead * s
        packed[_VX, i] = v.speed * c - v.lateral_speed * s
        packed[_VY, i] = v.speed * s + v.lateral_speed * c
        packed[_COS, i], packed[_SIN, i], packed[_LENGTH, i] = c, s, p.front + p.rear


@kernel(inline=True)
def _pack_people(people, packed):  # type: ignore[no-untyped-def]
    """Places and velocities of a world's people."""
    for i in range(people.shape[0]):
        p = people[i]
        packed[_X, i], packed[_Y, i] = p.x, p.y
        packed[_VX, i], packed[_VY, i] = p.vx, p.vy
        if p.being == Being.NOBODY:
            packed[_X, i] = packed[_Y, i] = np.float32(1e9)


@kernel(inline=True)
def _nearest(packed, x, y, own, sight, squares, found):  # type: ignore[no-untyped-def]
    """Fill `found` with the columns of `packed` nearest to a point but `own`, nearest first; returns their number."""
    count, n, most = packed.shape[1], 0, found.shape[0]
    if most == 0:
        return 0
    for i in range(count):
        dx, dy = packed[_X, i] - x, packed[_Y, i] - y
        squares[i] = dx * dx + dy * dy
    worst = sight * sight
    for i in range(count):
        square = squares[i]
        if square >= worst or i == own:
            continue
        k = min(n, most - 1)
        while k > 0 and squares[found[k - 1]] > square:
            found[k] = found[k - 1]
            k -= 1
        found[k] = i
        n = min(n + 1, most)
        if n == most:
            worst = squares[found[most - 1]]
    return n


@kernel(inline=True)
def ego_numbers(v, driver, agent, lanes, c, s, out):  # type: ignore[no-untyped-def]
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
        out[5], out[6], out[7] = unit(v.d / half), np.float32(np.sin(turned)), np.float32(np.cos(turned))
        out[8], out[9] = unit(half / WIDE_M), unit(a.limit / FAST_MPS)
        out[10] = np.float32(1.0 if lanes.lanes[v.lane].left >= 0 else 0.0)
        out[11] = np.float32(1.0 if lanes.lanes[v.lane].right >= 0 else 0.0)
    out[12], out[13] = unit(agent.stand_m / FAR_M), np.float32(agent.red)
    out[14:18] = np.float32(0.0)
    if agent.has_goal:
        ahead = 0.5 * (driver.front - driver.rear)
        dx, dy = agent.goal_x - v.x - ahead * c, agent.goal_y - v.y - ahead * s
        out[14], out[15] = unit((dx * c + dy * s) / FAR_M), unit((dy * c - dx * s) / FAR_M)
        out[16], out[17] = np.float32(np.cos(agent.goal_yaw - v.yaw)), np.float32(np.sin(agent.goal_yaw - v.yaw))


@kernel
def _observe(actors, lanes, counts, rows, column, begin, end):  # type: ignore[no-untyped-def]
    """Fill `rows` from `column` on for the agents of worlds `begin` .. `end`."""
    actors, lanes, rows = borrowed(actors), borrowed(lanes), borrowed(rows)
    agents = actors.agents.shape[1]
    wheeled = np.empty((7, actors.vehicles.shape[1]), np.float32)
    walking = np.empty((4, actors.people.shape[1]), np.float32)
    squares = np.empty(max(wheeled.shape[1], walking.shape[1]), np.float32)
    found = np.empty(max(counts[0], counts[1]), np.int64)
    reach = np.float32(1.0 / FAR_M)
    for w in range(begin, end):
        _pack(actors.vehicles[w], actors.drivers[w], wheeled)
        _pack_people(actors.people[w], walking)
        sight = np.float32(min(actors.weather[w].sight, FAR_M * np.sqrt(2.0)))
        for k in range(agents):
            out = rows[w * agents + k, column:]
            c, s = wheeled[_COS, k], wheeled[_SIN, k]
            x, y, vx, vy = wheeled[_X, k], wheeled[_Y, k], wheeled[_VX, k], wheeled[_VY, k]
            ego_numbers(actors.vehicles[w, k], actors.drivers[w, k], actors.agents[w, k], lanes, c, s, out)
            at = len(EGO)
            n = _nearest(wheeled, x, y, k, sight, squares, found[: counts[0]])
            for j in range(counts[0]):
                if j < n:
                    i = found[j]
                    dx, dy, ux, uy = wheeled[_X, i] - x, wheeled[_Y, i] - y, wheeled[_VX, i] - vx, wheeled[_VY, i] - vy
                    out[at] = np.float32(1.0)
                    out[at + 1], out[at + 2] = unit((dx * c + dy * s) * reach), unit((dy * c - dx * s) * reach)
                    out[at + 3] = unit((ux * c + uy * s) / np.float32(FAST_MPS))
                    out[at + 4] = unit((uy * c - ux * s) / np.float32(FAST_MPS))
                    out[at + 5] = unit(wheeled[_COS, i] * c + wheeled[_SIN, i] * s)
                    out[at + 6] = unit(wheeled[_SIN, i] * c - wheeled[_COS, i] * s)
                    out[at + 7] = unit(wheeled[_LENGTH, i] / np.float32(LONG_M))
                else:
                    out[at : at + len(OTHER)] = np.float32(0.0)
                at += len(OTHER)
            n = _nearest(walking, x, y, -1, sight, squares, found[: counts[1]])
            for j in range(counts[1]):
                if j < n:
                    i = found[j]
                    dx, dy, ux, uy = walking[_X, i] - x, walking[_Y, i] - y, walking[_VX, i] - vx, walking[_VY, i] - vy
                    out[at] = np.float32(1.0)
                    out[at + 1], out[at + 2] = unit((dx * c + dy * s) * reach), unit((dy * c - dx * s) * reach)
                    out[at + 3] = unit((ux * c + uy * s) / np.float32(FAST_MPS))
                    out[at + 4] = unit((uy * c - ux * s) / np.float32(FAST_MPS))
                else:
                    out[at : at + len(PERSON)] = np.float32(0.0)
                at += len(PERSON)
