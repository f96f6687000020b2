"""Small worlds for tests of people on foot: corridors, rings, a crossing, and rows of vehicles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.traffic.person import PERSON_DTYPE
from simulator.traffic.state import DRIVER_DTYPE, VEHICLE_DTYPE
from simulator.traffic.walkers import advance_people, nobody_crosses
from simulator.traffic.walkways import (
    CROSSING_DTYPE,
    NONE,
    Crossing,
    Kind,
    Strip,
    WalkwayMap,
    Walkways,
    graph,
    line,
)

Array = NDArray[np.float64]
NO_VEHICLES = np.zeros(0, VEHICLE_DTYPE), np.zeros(0, DRIVER_DTYPE)


def ways(strips: list[Strip], crossings: tuple[Crossing, ...] = ()) -> WalkwayMap:
    rows, points, nodes, ends = graph(strips)
    table = np.zeros(len(crossings), CROSSING_DTYPE)
    for k, crossing in enumerate(crossings):
        (x0, y0, _), (x1, y1, _) = crossing.ends
        way = int(np.flatnonzero(rows["crossing"] == k)[0])
        table[k] = (x0, y0, x1, y1, crossing.width, way, crossing.marked, len(crossing.signals))
    return WalkwayMap(Walkways(rows, points, nodes, ends, table), crossings, np.zeros(3))


def corridor(length: float = 200.0, half_width: float = 2.0) -> WalkwayMap:
    """A straight pavement from the origin along x."""
    return ways([line(Kind.PAVEMENT, np.array([[0.0, 0, 0], [length, 0, 0]]), half_width)])


def ring(radius: float, half_width: float) -> WalkwayMap:
    """A pavement that closes on itself, counter-clockwise."""
    angle = np.linspace(0.0, 2.0 * np.pi, 81)
    xyz = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.0 * angle], axis=1)
    return ways([line(Kind.PAVEMENT, xyz, half_width)])


def street(marked: bool = False, signals: tuple[str, ...] = ()) -> WalkwayMap:
    """Two pavements along x at y = -5 and 5, and a crossing at x = 0 from kerb to kerb at y = -3.5 and 3.5."""
    strips = [
        line(Kind.PAVEMENT, np.array([[x, y, 0.0], [x + 40.0, y, 0.0]]), 1.5) for y in (-5.0, 5.0) for x in (-40.0, 0.0)
    ]
    ends = np.array([[0.0, -3.5, 0.0], [0.0, 3.5, 0.0]])
    over = np.array([[0.0, -5.0, 0.0], *ends, [0.0, 5.0, 0.0]])
    crossing = Crossing(ends, 3.0, marked, (), signals)
    return ways([*strips, line(Kind.CROSSING, over, 1.5, 0)], (crossing,))


def walkers(walkways: WalkwayMap, way: int, s: Array, side: Array, forward: Array, pace: Array) -> NDArray[np.void]:
    """(1, P) people at rest on a way, `s` metres along it."""
    arrays = walkways.arrays
    count = len(s)
    rows = np.zeros((1, count), PERSON_DTYPE)
    own = rows[0]
    first, size = arrays.ways["first"][way], arrays.ways["points"][way]
    points = arrays.points[first : first + size]
    k = np.clip(np.searchsorted(points["s"], s, side="right") - 1, 0, size - 2)
    a = points[k]
    own["d"] = forward * side * np.maximum(a["half_width"] - 0.37, 0.0)
    own["x"] = a["x"] + (s - a["s"]) * a["ux"] - own["d"] * a["uy"]
    own["y"] = a["y"] + (s - a["s"]) * a["uy"] + own["d"] * a["ux"]
    own["being"], own["radius"], own["stride"], own["haste"], own["caution"] = 1, 0.22, 1.4, 1.0, 3.0
    own["pace"] = own["progress"] = pace
    own["way"], own["point"], own["s"], own["side"], own["forward"] = way, first + k, s, side, forward
    own["room"] = a["half_width"] - np.abs(own["d"])
    own["group"] = np.arange(count)
    own["crossing"] = own["over"] = NONE
    for person in own:
        node = arrays.nodes[arrays.ways["end" if person["forward"] > 0 else "start"][way]]
        arrival = 2 * way + int(person["forward"] > 0)
        there = arrays.ends[node["first"] : node["first"] + node["ends"]]
        onward = next((int(end) for end in there if end != arrival), arrival)
        person["next_way"], person["next_forward"] = onward // 2, 1 if onward % 2 == 0 else -1
    return rows


def vehicle(x: float, y: float, yaw: float, speed: float, acceleration: float = 0.0) -> NDArray[np.void]:
    rows = np.zeros(1, VEHICLE_DTYPE)
    rows["control"], rows["x"], rows["y"], rows["yaw"] = 1, x, y, yaw
    rows["speed"], rows["acceleration"] = speed, acceleration
    return rows


def body(front: float = 3.7, rear: float = 0.9, half_width: float = 0.9) -> NDArray[np.void]:
    rows = np.zeros(1, DRIVER_DTYPE)
    rows["front"], rows["rear"], rows["half_width"] = front, rear, half_width
    return rows


class World:
    """One or more worlds of people that step together; vehicles (A,) are the same in all of them."""

    def __init__(
        self, walkways: WalkwayMap, people: NDArray[np.void], *, dt: float = 0.1, seed: int = 0, threads: int = 1
    ) -> None:
        self.walkways, self.people, self.dt, self.seed, self.threads = walkways, people, dt, seed, threads
        worlds = len(people)
        self.use = nobody_crosses(worlds, walkways)
        self.go = np.full((worlds, len(walkways.crossings)), np.inf)
        self.step = 0

    def advance(self, vehicles: NDArray[np.void] = NO_VEHICLES[0], bodies: NDArray[np.void] = NO_VEHICLES[1]) -> None:
        worlds = len(self.people)
        every = (np.broadcast_to(rows, (worlds, len(rows))).copy() for rows in (vehicles, bodies))
        advance_people(
            self.walkways, self.people, *every, self.go, self.use, self.seed, self.step, self.dt, threads=self.threads
        )
        self.step += 1
