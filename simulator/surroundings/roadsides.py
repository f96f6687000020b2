"""The edges of roads as lines along which things are placed: one Side for each side of each road near the ego."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from simulator.roads import DRIVABLE, Path, Road, RoadNetwork
from simulator.surroundings.shapes import F64

STEP_M = 2.0
_UNPAVED = ("none", "median")


@dataclass(frozen=True, eq=False)
class Side:
    """Outer edge of the outermost lane (pavement included) on one side of a road, sampled every 2 m.

    Attributes:
        road: the road.
        left: on the left of the reference line.
        s: (N,) stations.
        xyz: (N, 3) world points on the edge.
        out: (N, 2) unit vectors away from the road.
        way: (N, 2) unit vectors in the direction of the traffic nearest to the edge.
        along: (N,) distance from the first point.
        near_m: (N,) distance from the ego's path.
        walk: (N,) whether the outermost lane is a pavement.
        limit_mps: speed limit.
        lanes: number of lanes for traffic on the whole road.
    """

    road: Road
    left: bool
    s: F64
    xyz: F64
    out: F64
    way: F64
    along: F64
    near_m: F64
    walk: np.ndarray[tuple[int], np.dtype[np.bool_]]
    limit_mps: float
    lanes: int

    @property
    def length(self) -> float:
        """Length of the edge."""
        return float(self.along[-1])

    def at(self, distance: ArrayLike, outwards: ArrayLike = 0.0) -> tuple[F64, F64, F64]:
        """World points (N, 3), outward and traffic directions (N, 2), at distances along and `outwards` of the edge."""
        d = np.atleast_1d(np.asarray(distance, np.float64))
        xyz = np.stack([np.interp(d, self.along, self.xyz[:, k]) for k in range(3)], 1)
        out = np.stack([np.interp(d, self.along, self.out[:, k]) for k in range(2)], 1)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
        way = np.stack([-out[:, 1], out[:, 0]], 1)
        way *= np.sign(np.sum(way * self.way[np.clip(np.searchsorted(self.along, d), 0, len(self.s) - 1)], 1))[:, None]
        xyz[:, :2] += out * np.broadcast_to(np.asarray(outwards, np.float64), d.shape)[:, None]
        return xyz, out, way


def runs(keep: NDArray[np.bool_], least: int = 3) -> list[tuple[int, int]]:
    """First and last index of each run of True of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(np.int8), [0]])))
    return [(int(a), int(b - 1)) for a, b in zip(edges[::2], edges[1::2]) if b - a >= least]


def _edge(road: Road, left: bool, s: F64) -> tuple[F64, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """t of the outermost paved edge on one side at s, and whether a pavement lies there."""
    section = road.section_at(s)
    t, walk = np.zeros(len(s)), np.zeros(len(s), np.bool_)
    for index in np.unique(section):
        here = section == index
        lanes = [lane for lane in road.sections[index].lanes if lane.id]
        rows = road.boundaries(int(index), s[here])
        order = range(len(lanes)) if left else range(len(lanes) - 1, -1, -1)
        best = next((i for i in order if lanes[i].type not in _UNPAVED), None)
        if best is None:
            t[here] = rows[0 if left else -1]
            continue
        t[here] = rows[best if left else best + 1]
        walk[here] = lanes[best].type in ("sidewalk", "walking")
    return t, walk


def roadsides(network: RoadNetwork, path: Path, radius_m: float) -> list[Side]:
    """Sides of all roads outside of junctions, as far as they lie within `radius_m` of the path."""
    tree = cKDTree(path.xyz[:, :2])
    found = []
    for road in network.roads.values():
        if road.junction or road.length < 4.0:
            continue
        s = np.linspace(0.0, road.length, max(int(road.length / STEP_M), 2) + 1)
        x, y, _, _ = road.reference(s)
        near, _ = tree.query(np.stack([x, y], 1), distance_upper_bound=radius_m + 30.0)
        keep = np.flatnonzero(np.isfinite(near))
        if len(keep) < 3:
            continue
        s = s[keep[0] : keep[-1] + 1]
        for left in (True, False):
            side = _side(road, left, s, tree)
            if side is not None:
                found.append(side)
    return found


def _side(road: Road, left: bool, s: F64, tree: cKDTree) -> Side | None:
    lanes = [lane for section in road.sections[:1] for lane in section.lanes if lane.type in DRIVABLE]
    if not lanes:
        return None
    t, walk = _edge(road, left, s)
    xyz = road.point(s, t)
    heading = road.reference(s)[2]
    forward = np.stack([np.cos(heading), np.sin(heading)], 1)
    out = np.stack([-forward[:, 1], forward[:, 0]], 1) * (1.0 if left else -1.0)
    ways = {lane.id > 0 for lane in lanes}
    # Right-hand traffic runs with s on the right side and against it on the left, unless the road is one-way.
    against = next(iter(ways)) if len(ways) == 1 else left
    if road.rule == "LHT":
        against = not against
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(xyz[:, :2], axis=0), axis=1))])
    if along[-1] < 2.0:
        return None
    limit = float(road.speed_limits(0, lanes[0].id, s[:1])[0])
    near, _ = tree.query(xyz[:, :2])
    return Side(road, left, s, xyz, out, -forward if against else forward, along, near, walk, limit, len(lanes))
