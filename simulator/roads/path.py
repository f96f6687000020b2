"""A drive along lanes as one curve: positions, angles, widths and limits over the distance driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.errors import InputError
from simulator.numerics.se3 import from_rpy
from simulator.roads.lane_frame import lane_frame
from simulator.roads.polynomial import Array, Index
from simulator.roads.records import DRIVABLE, LaneKey
from simulator.roads.road import Road
from simulator.roads.routing import LaneGraph, check_lane

STEP_M = 1.0  # largest distance of samples
_JUMP_M = 5e-3  # joints that are further apart are blended
_BLEND_PER_JUMP = 12.0  # metres of blending for a metre of jump sideways, about what a lane change takes
_MOST_LANES = 100_000
_SHORTEST_M = 1e-3  # shorter pieces of lanes are passed without samples


@dataclass(frozen=True, eq=False)
class Path:
    """Samples (K,) along the way, at most 1 m apart.

    Attributes:
        s: distance driven in metres, from 0.
        xyz: (K, 3) middle of the lane on the road surface, world frame.
        heading, pitch, roll: rad, ISO 8855; the heading is unwrapped, so that it can be interpolated.
        curvature: 1/m, positive to the left.
        width: of the lane in metres.
        speed_limit_mps: limit in m/s.
        keys: lanes in the order driven; `key_index` (K,) names each sample's lane.
        road_s: (K,) station on that lane's road.
        dead_end: there is no way on at its end.
    """

    s: Array
    xyz: Array
    heading: Array
    pitch: Array
    roll: Array
    curvature: Array
    width: Array
    speed_limit_mps: Array
    keys: tuple[LaneKey, ...]
    key_index: NDArray[np.int64]
    road_s: Array
    dead_end: bool = False

    @property
    def length(self) -> float:
        """Length in metres."""
        return float(self.s[-1])

    def at(self, s: ArrayLike, lateral: ArrayLike = 0.0) -> tuple[Array, Array]:
        """Position (N, 3) and roll, pitch, yaw (N, 3) at distances s (N,), clamped to the path.

        Between samples the position follows a cubic with the samples' directions. `lateral` metres to the left
        are measured along the road surface.
        """
        s = np.clip(np.atleast_1d(np.asarray(s, np.float64)), 0.0, self.s[-1])
        index = np.clip(np.searchsorted(self.s, s, side="right") - 1, 0, len(self.s) - 2)
        step = self.s[index + 1] - self.s[index]
        u = (s - self.s[index]) / step
        rpy = np.stack([self._blend(a, index, u) for a in (self.roll, self.pitch, self.heading)], axis=-1)
        tangent = self._tangents
        u1, du = u[:, None], step[:, None]
        a, b = self.xyz[index], self.xyz[index + 1]
        position = (
            a
            + (b - a) * u1 * u1 * (3.0 - 2.0 * u1)
            + du * u1 * (1.0 - u1) * (tangent[index] * (1.0 - u1) - tangent[index + 1] * u1)
        )
        lateral = np.broadcast_to(np.asarray(lateral, np.float64), s.shape)
        if lateral.any():
            position = position + lateral[:, None] * from_rpy(rpy[:, 0], rpy[:, 1], rpy[:, 2])[:, :, 1]
        return position, rpy

    @staticmethod
    def _blend(values: Array, index: Index, u: Array) -> Array:
        return values[index] + u * (values[index + 1] - values[index])

    @property
    def _tangents(self) -> Array:
        cos = np.cos(self.pitch)
        return np.stack([cos * np.cos(self.heading), cos * np.sin(self.heading), -np.sin(self.pitch)], axis=-1)


def build_path(
    roads: Mapping[str, Road],
    graph: LaneGraph,
    start: LaneKey,
    s: float,
    length_m: float,
    choose: Callable[[list[LaneKey]], LaneKey],
) -> Path:
    """Follow the traffic of lane `start` from station s of its road for up to `length_m`.

    `choose` is asked where there is more than one way on. The path ends early at a dead end, and it stays on
    drivable lanes, or, if it starts on another type (a sidewalk), on that type.

    Raises:
        InputError: no such road, section or lane, or a length that is not positive.
    """
    _check(roads, start, s, length_m)
    kind = roads[start.road].sections[start.section].lane(start.lane).type
    types = DRIVABLE if kind in DRIVABLE else frozenset({kind})
    keys: list[LaneKey] = []
    pieces: list[Array] = []
    key, driven = start, 0.0
    entered: float | None = s
    while len(keys) < _MOST_LANES:
        road = roads[key.road]
        onward = [way for way in graph.next_lanes(key) if _type(roads, way) in types]
        ways = [way for way in onward if _is_ahead(road, key, entered, graph.joint(key, way)[0])]
        # Where a way leaves midway, it must be chosen before the rest of the lane is driven.
        early = any(graph.joint(key, way)[0] is not None for way in ways)
        following = choose(ways) if early and len(ways) > 1 else ways[0] if early else None
        left, next_entered = graph.joint(key, following) if following is not None else (None, None)
        piece = _lane_piece(road, key, entered, left)
        if len(piece):
            keys.append(key)
            pieces.append(np.column_stack([piece, np.full(len(piece), len(keys) - 1.0)]))
            driven += float(np.linalg.norm(np.diff(piece[:, 1:4], axis=0), axis=1).sum())
        if driven >= length_m or not ways:
            break
        if following is None:
            following = choose(ways) if len(ways) > 1 else ways[0]
            next_entered = graph.joint(key, following)[1]
        key, entered = following, next_entered
    if not pieces:  # at the very end of a lane without a way on
        keys, pieces = [start], [_last_step(roads[start.road], start)]
    return _assemble(pieces, tuple(keys), length_m)


def _check(roads: Mapping[str, Road], key: LaneKey, s: float, length_m: float) -> None:
    check_lane(roads, key)
    if not (length_m > 0.0 and np.isfinite(s)):
        raise InputError(f"a path needs a positive length and a finite station, not {length_m:g} and {s:g}")


def _type(roads: Mapping[str, Road], key: LaneKey) -> str:
    return roads[key.road].sections[key.section].lane(key.lane).type


def _is_ahead(road: Road, key: LaneKey, entered: float | None, left: float | None) -> bool:
    """Whether who entered a lane at station `entered` can take a way that leaves it at `left` (None: at its ends)."""
    if entered is None or left is None:
        return True
    return left >= entered if road.drives_forward(key.lane) else left <= entered


def _lane_piece(road: Road, key: LaneKey, start: float | None, end: float | None) -> Array:
    """Samples of one lane in the direction of traffic: road s, x, y, z, heading, pitch, roll, width, limit."""
    section = road.sections[key.section]
    first, last = (section.s0, section.s1) if road.drives_forward(key.lane) else (section.s1, section.s0)
    if start is not None:
        first = min(max(start, section.s0), section.s1)
    if end is not None:
        last = min(max(end, section.s0), section.s1)
    if abs(last - first) < _SHORTEST_M:
        return np.zeros((0, 9))
    # The lane may be longer than the reference line, outside of a curve: half the step leaves room for that.
    count = max(int(np.ceil(abs(last - first) / (0.5 * STEP_M))), 2)
    s = np.linspace(first, last, count + 1)
    f = lane_frame(road, key.lane, s, np.full(len(s), key.section, np.int64), exact=True)
    limit = road.speed_limits(key.section, key.lane, s)
    return np.stack([s, f.x, f.y, f.z, f.heading, f.pitch, f.roll, np.maximum(f.width, 0.0), limit], axis=1)


def _last_step(road: Road, key: LaneKey) -> Array:
    """Two samples that go straight on over the end of a lane, so that there is a path at all."""
    section = road.sections[key.section]
    s = np.array([section.s1 if road.drives_forward(key.lane) else section.s0])
    f = lane_frame(road, key.lane, s, np.array([key.section]), exact=True)
    width, limit = np.maximum(f.width, 0.0), road.speed_limits(key.section, key.lane, s)
    rows = np.repeat(np.stack([s, f.x, f.y, f.z, f.heading, f.pitch, f.roll, width, limit, 0.0 * s], axis=1), 2, axis=0)
    rows[1, 1:3] += 10.0 * _SHORTEST_M * np.array([np.cos(f.heading[0]), np.sin(f.heading[0])])
    return rows


def _assemble(pieces: list[Array], keys: tuple[LaneKey, ...], length_m: float) -> Path:
    rows = np.concatenate(pieces)
    joints = np.cumsum([len(piece) for piece in pieces])[:-1]
    xyz, blended = _bridge(rows[:, 1:4], joints)
    # Joints have two samples at one place: the later one is left out, unless it lies apart.
    apart = np.linalg.norm(np.diff(xyz, axis=0), axis=1) > 1e-4
    keep = np.concatenate([[True], apart])
    rows, xyz, blended = rows[keep], xyz[keep], blended[keep]
    heading, pitch = np.unwrap(rows[:, 4]), rows[:, 5]
    chord = np.diff(xyz, axis=0)
    if blended.any():
        direction = np.gradient(xyz, _distance(chord, heading), axis=0)
        heading = np.where(blended, np.arctan2(direction[:, 1], direction[:, 0]), heading)
        slope = np.arctan2(direction[:, 2], np.hypot(direction[:, 0], direction[:, 1]))
        heading, pitch = np.unwrap(heading), np.where(blended, -slope, pitch)
    s = _distance(chord, heading)
    dead_end = bool(s[-1] < length_m)
    end = min(int(np.searchsorted(s, length_m)) + 1, len(s))
    end = max(end, 2)
    curvature = np.gradient(heading, s)[:end]
    index = rows[:end, 9].astype(np.int64)
    used = index.max() + 1
    return Path(
        s[:end], xyz[:end], heading[:end], pitch[:end], rows[:end, 6], curvature, rows[:end, 7], rows[:end, 8],
        keys[:used], index, rows[:end, 0], dead_end,
    )  # fmt: skip


def _distance(chord: Array, heading: Array) -> Array:
    """Distance driven (K,) from 0: each chord lengthened to the arc that turns as much as the heading."""
    half = 0.5 * np.abs(np.diff(heading))
    stretch = 1.0 / np.maximum(np.sinc(np.minimum(half, 1.0) / np.pi), 0.5)
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(chord, axis=1) * stretch)])


def _bridge(xyz: Array, joints: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Close jumps at joints (a lane that starts beside its predecessor, a map with gaps) by easing over to the side.

    Returns the samples and which of them were moved.
    """
    xyz, moved = xyz.copy(), np.zeros(len(xyz), np.bool_)
    for joint in joints:
        jump = xyz[joint] - xyz[joint - 1]
        size = float(np.linalg.norm(jump))
        if size < _JUMP_M:
            continue
        reach = max(_BLEND_PER_JUMP * size, 2.0)
        after = np.linalg.norm(np.diff(xyz[joint:, :2], axis=0), axis=1).cumsum()
        u = np.clip(np.concatenate([[0.0], after]) / reach, 0.0, 1.0)
        weight = 1.0 - u * u * u * (10.0 + u * (6.0 * u - 15.0))
        xyz[joint:] -= weight[:, None] * jump
        moved[joint:] |= weight > 0.0
        moved[joint - 1] = True
    return xyz, moved
