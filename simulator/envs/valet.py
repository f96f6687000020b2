"""A driver who parks: along the aisle, past the bay or up to it, and into it in arcs of one radius and straight lines.

The baseline of parking (`driver="idm"`). Ways in, forwards and backwards, with several radii and distances from the
row, are tried against those who are parked and the edges of the pavement; the shortest that is clear is followed, with
a stop wherever the wheels are turned. Until it is in the aisle of its bay the models of traffic drive it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.envs.paved import TRACK, Paved
from simulator.traffic.state import Control

Array = NDArray[np.float64]

RADII_M = (3.3, 3.7, 4.2, 5.0, 6.0)  # of the arc into the bay
ASIDE_M = (0.0, 0.75, 1.5, 2.25, 3.0, -0.75, -1.5, -2.25, -3.0)  # by which it first swings out, away from the bay
SWING_RADIUS_M = 5.0
MARGIN_M = 0.12  # kept free about it
STEP_M = 0.15  # between places at which a way is looked at
STOP_M = 3.0  # of way that a stop to turn the wheels is worth
ARRIVING_MPS2, BRAKING_MPS2, PULL_MPS2, LAG_S, LEAST_S = 2.5, 1.0, 3.0, 0.2, 0.8  # the last: to what is left of a way
STRAIGHT_MPS, BENT_MPS = 3.0, 1.2
STIFFNESS, DAMPING = 0.64, 1.6  # 1/m2 and 1/m of the law that leads it back to its way: twice a root of 0.8/m
BESIDE_M, ALONG = (2.5, 9.0), 0.05  # of a bay whose aisle it is in, and cosine of the angle between
THERE_M, STANDING_MPS, TURNED_RAD = 0.05, 0.06, 0.02


class Stretch(NamedTuple):
    """A part of a way, `length` m long from pose x, y, yaw of the rear axle; `way` 1 forwards, -1 backwards."""

    x: float
    y: float
    yaw: float
    curvature: float
    length: float
    way: int

    def at(self, s: Array) -> tuple[Array, Array, Array]:
        """x, y, yaw `s` m along it."""
        along, yaw = self.way * s, self.yaw + self.way * self.curvature * s
        if self.curvature == 0.0:
            return self.x + along * np.cos(self.yaw), self.y + along * np.sin(self.yaw), yaw
        c = 1.0 / self.curvature
        return self.x + c * (np.sin(yaw) - np.sin(self.yaw)), self.y - c * (np.cos(yaw) - np.cos(self.yaw)), yaw

    def end(self) -> tuple[float, float, float]:
        """Pose at its end."""
        x, y, yaw = self.at(np.array(self.length))
        return float(x), float(y), float(yaw)

    def errors(self, x: float, y: float, yaw: float) -> tuple[float, float, float]:
        """m along it, m to the left of it, rad turned to the left of it, of a pose."""
        dx, dy, c, s = x - self.x, y - self.y, np.cos(self.yaw), np.sin(self.yaw)
        ahead, left = dx * c + dy * s, dy * c - dx * s
        if self.curvature == 0.0:
            return self.way * ahead, left, float(np.angle(np.exp(1j * (yaw - self.yaw))))
        r = 1.0 / self.curvature
        turned = np.arctan2(ahead, np.sign(r) * (r - left))
        beside = np.sign(r) * (abs(r) - np.hypot(ahead, r - left))
        along = self.way * abs(r) * turned
        return along, beside, float(np.angle(np.exp(1j * (yaw - self.yaw - np.sign(r) * turned))))


@dataclass(frozen=True)
class Body:
    """The car that parks: m from its rear axle to its bumpers, half its width, its wheelbase."""

    front: float
    rear: float
    half_width: float
    wheelbase: float


def _chain(pose: tuple[float, float, float], parts: list[tuple[float, float, int]]) -> list[Stretch]:
    """Stretches (curvature, length, way) one after the other, from a pose; those of no length left out."""
    found = []
    for curvature, length, way in parts:
        if length > 1e-6:
            found.append(Stretch(*pose, curvature, length, way))
            pose = found[-1].end()
    return found


def ways_in(pose: tuple[float, float, float], speed: float, bay: Array, body: Body) -> list[list[Stretch]]:
    """Ways from a pose, along an aisle, into a bay (x, y, yaw) across it; shortest first, stops counted.

    Args:
        pose: x, y, yaw of the rear axle.
        speed: m/s at which it comes: it must have room to brake.
    """
    x, y, yaw = pose
    across = bay[2] + 0.5 * np.pi
    along = across if np.cos(across - yaw) > 0.0 else across + np.pi
    dx, dy = bay[0] - x, bay[1] - y
    u, v = dx * np.cos(along) + dy * np.sin(along), dy * np.cos(along) - dx * np.sin(along)
    side, v = (1.0, v) if v > 0.0 else (-1.0, -v)
    middle, braking = 0.5 * (body.front - body.rear), speed * speed / (2.0 * ARRIVING_MPS2) + 0.5
    found = []
    for radius, aside, way, late in product(RADII_M, ASIDE_M, (1, -1), (False, True)):
        swing = np.arccos(1.0 - 0.5 * abs(aside) / SWING_RADIUS_M)
        reach = 2.0 * SWING_RADIUS_M * np.sin(swing)  # of the swing
        begin = u - way * radius  # of the arc
        bend, arc = side * np.sign(aside) / SWING_RADIUS_M, SWING_RADIUS_M * swing
        deep = v - way * middle + aside - radius
        if deep < 0.0 or (late and (aside == 0.0 or begin > braking - reach)):
            continue
        if late:  # it swings as it comes back
            parts = [(0.0, braking, 1), (0.0, braking - reach - begin, -1), (-bend, arc, -1), (bend, arc, -1)]
        else:
            to = braking + reach
            parts = [(0.0, braking + max(begin - to, 0.0), 1), (-bend, arc, 1), (bend, arc, 1)]
            parts += [(0.0, max(to - begin, 0.0), -1)]
        parts += [(side / radius, 0.5 * np.pi * radius, way), (0.0, deep, way)]
        found.append(_chain((x, y, along), parts))
    return sorted(found, key=lambda way: sum(part.length + STOP_M for part in way))


def is_clear(way: list[Stretch], body: Body, others: Array, paved: Paved) -> bool:
    """Whether a car that follows a way touches none of the boxes (K, 5), as of `boxes_of`, and keeps its wheels on what
    is paved."""
    x, y, yaw = (
        np.concatenate(column)
        for column in zip(*(part.at(np.arange(0.0, part.length + STEP_M, STEP_M)) for part in way))
    )
    c, s = np.cos(yaw), np.sin(yaw)
    for ahead, left in product((0.0, body.wheelbase), (-1.0, 1.0)):
        left *= TRACK * body.half_width
        column = np.rint((x + ahead * c - left * s - paved.x) / paved.cell).astype(int)
        row = np.rint((y + ahead * s + left * c - paved.y) / paved.cell).astype(int)
        inside = (column >= 0) & (column < paved.cells.shape[1]) & (row >= 0) & (row < paved.cells.shape[0])
        if not inside.all() or not paved.cells[row, column].all():
            return False
    half, wide = 0.5 * (body.front + body.rear) + MARGIN_M, body.half_width + MARGIN_M
    ahead = 0.5 * (body.front - body.rear)
    dx, dy = others[:, 0] - (x + ahead * c)[:, None], others[:, 1] - (y + ahead * s)[:, None]
    turned = others[:, 2] - yaw[:, None]
    tc, ts = np.abs(np.cos(turned)), np.abs(np.sin(turned))
    oc, os = np.cos(others[:, 2]), np.sin(others[:, 2])
    apart = np.abs(dx * c[:, None] + dy * s[:, None]) > half + others[:, 3] * tc + others[:, 4] * ts
    apart |= np.abs(dy * c[:, None] - dx * s[:, None]) > wide + others[:, 3] * ts + others[:, 4] * tc
    apart |= np.abs(dx * oc + dy * os) > others[:, 3] + half * tc + wide * ts
    apart |= np.abs(dy * oc - dx * os) > others[:, 4] + half * ts + wide * tc
    return bool(apart.all())


class Lot(NamedTuple):
    """Where one may park.

    Attributes:
        bays: (B, 3) poses of the middles.
        lanes: (B) lanes that run past each, as goals of drivers (`Lanes.routes`): number -> lane.
        paved: where wheels may be.
    """

    bays: Array
    lanes: list[dict[int, int]]
    paved: Paved

    def bay(self, agent: NDArray[np.void]) -> int:
        """Which bay an agent is to take."""
        return int(np.hypot(self.bays[:, 0] - agent["goal_x"], self.bays[:, 1] - agent["goal_y"]).argmin())


class Valet:
    """Parks one agent.

    Attributes:
        way: what is left of it; None: it is still on its way to the aisle.
    """

    def __init__(self, body: Body, lot: Lot) -> None:
        self._body, self._lot, self._turned = body, lot, False
        self.way: list[Stretch] | None = None

    @property
    def mind(self) -> tuple[list[Stretch] | None, bool]:
        """What of it changes."""
        return self.way and list(self.way), self._turned

    def recall(self, mind: tuple[list[Stretch] | None, bool]) -> None:
        """Be as it was with that `mind`."""
        self.way, self._turned = mind

    def plan(self, vehicle: NDArray[np.void], agent: NDArray[np.void], others: Array) -> bool:
        """Look for a way into the agent's bay; whether there is one. Without, its driver is sent on to the aisle."""
        number = self._lot.bay(agent)
        bay, lanes = self._lot.bays[number], self._lot.lanes[number]
        pose = float(vehicle["x"]), float(vehicle["y"]), float(vehicle["yaw"])
        dx, dy, c, s = bay[0] - pose[0], bay[1] - pose[1], np.cos(pose[2]), np.sin(pose[2])
        low, high = BESIDE_M
        if abs(np.cos(bay[2] - pose[2])) < ALONG and low < abs(dy * c - dx * s) < high:
            ways = ways_in(pose, float(vehicle["speed"]), bay, self._body)
            self.way = next((way for way in ways if is_clear(way, self._body, others, self._lot.paved)), None)
        if self.way is None and vehicle["goal"] == 0 and lanes:
            past = [goal for goal, lane in lanes.items() if lane != vehicle["lane"] or dx * c + dy * s < 0.0]
            vehicle["goal"] = past[0] if past else 0
        return self.way is not None

    def drive(self, vehicle: NDArray[np.void]) -> tuple[float, float]:
        """Angle of the front wheels, rad, and acceleration, m/s2, for now."""
        way = self.way or []
        speed, steer = float(vehicle["speed"]), float(vehicle["steer"])
        while way:
            part = way[0]
            along, left, turned = part.errors(float(vehicle["x"]), float(vehicle["y"]), float(vehicle["yaw"]))
            if part.length - along > THERE_M or abs(speed) > STANDING_MPS:
                break
            way.pop(0)
            self._turned = False
        if not way:
            return 0.0, -speed / LAG_S
        ahead = part.length - along
        bent = part.curvature - STIFFNESS * left - part.way * DAMPING * turned
        wanted = float(np.arctan(self._body.wheelbase * bent))
        self._turned |= abs(wanted - steer) < TURNED_RAD or abs(speed) > STANDING_MPS
        if not self._turned:
            return wanted, -speed / LAG_S
        fastest = STRAIGHT_MPS if part.curvature == 0.0 else BENT_MPS
        pace = min(fastest, np.sqrt(2.0 * BRAKING_MPS2 * max(ahead, 0.0)), max(ahead, 0.0) / LEAST_S)
        pull = (part.way * pace - speed) / LAG_S
        return wanted, float(np.clip(pull, -PULL_MPS2, PULL_MPS2))


def boxes_of(vehicles: NDArray[np.void], drivers: NDArray[np.void], but: int) -> Array:
    """(K, 5) x, y, yaw of the middles, half lengths and half widths of all that is there but one."""
    there = vehicles["control"] != Control.NOBODY
    there[but] = False
    v, d = vehicles[there], drivers[there]
    ahead = 0.5 * (d["front"] - d["rear"])
    x, y = v["x"] + ahead * np.cos(v["yaw"]), v["y"] + ahead * np.sin(v["yaw"])
    return np.column_stack([x, y, v["yaw"], 0.5 * (d["front"] + d["rear"]), d["half_width"]])
