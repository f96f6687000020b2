"""Loose things that are struck or fall off a vehicle during a drive: their motion, put into its timeline.

Vehicles come first: they drive as if what lies there stayed where it is. Then what they run into, and what they lose,
moves as rigid bodies (`simulator.dynamics.loose`). A drive in which nothing of the kind happens is left as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.dynamics.bodies import boxes, gaps
from simulator.dynamics.courses import Tracks, velocities
from simulator.dynamics.loose import BODYWORK_FRICTION, Flights, Thing, Vehicle, corners_of, fly
from simulator.errors import MissingExtra
from simulator.numerics import se3
from simulator.numerics.units import GRAVITY_MPS2
from simulator.scene import Scene, SceneBuilder, Timeline

if TYPE_CHECKING:
    from simulator.anomalies.base import Carried, Site

Array = NDArray[np.float64]

CLEARANCE_M = 0.15  # of vehicles above the ground: what is lower passes under them
HEAVY_CLEARANCE_M, HEAVY_WIDTH_M = 0.3, 2.2
BEFORE = 2  # steps before the first contact from which things are free
NEAR_M = 60.0  # vehicles farther from all that moves are left out
DECK_FRICTION = 0.02  # of a deck that no longer holds what comes off it
MOVED_M = 0.01  # what moves less has not been struck
PATCH_M, BEHIND_M, HALF_WIDTH_M, CELL_M = 30.0, 20.0, 20.0, (1.0, 0.5)  # ground on which things move


@dataclass(frozen=True, slots=True, eq=False)
class _Driven:
    """A vehicle's object id, its trajectory, and its box for collisions."""

    row: int
    vehicle: Vehicle


def let_loose(tracks: Tracks, timeline: Timeline, scene: Scene, site: Site) -> tuple[Timeline, Scene]:
    """Timeline and scene with the motion of loose things that vehicles strike or lose.

    Args:
        tracks: where all agents drive, on the ground.
        timeline: of the drive, in which loose things do not move, or not yet truly.
        scene: the scene.
        site: what is loose, what is carried, and the ground.

    Raises:
        MissingExtra: something falls, and pybullet is not installed. (Without it, what is struck stays.)
    """
    if not site.loose:
        return timeline, scene
    driven = _driven(tracks, scene, site)
    dt = float(tracks.times_ns[1] - tracks.times_ns[0]) * 1e-9
    carried = {row: _Ride(tracks, scene, site, row, how) for row, how in site.carried.items()}
    struck = _first_contact(driven, site, scene)
    events = [ride.step for ride in carried.values()] + [struck] * (struck >= 0)
    if not events:
        return timeline, scene
    first = max(min(events) - BEFORE, 0)
    rows, things = [], []
    positions, rpy = site.builder.initial_poses()
    for row, stuff in site.loose.items():
        model = scene.objects[row].model
        assert model is not None
        corners = corners_of(np.concatenate([body.mesh.vertices for body in model.bodies]))
        still = np.zeros(3)
        if row in carried:
            things.append(carried[row].thing(stuff, corners))
        else:
            things.append(Thing(stuff, corners, positions[row] - scene.origin, rpy[row], still, still, first))
        rows.append(row)
    fastest = max(float(np.abs(np.diff(each.vehicle.position, axis=0)).max()) / dt for each in driven)
    vertices, faces = _ground(site.builder, driven, things, fastest)
    near = [each for each in driven if _passes(each, things)]
    number = {each.row: k for k, each in enumerate(near)}
    for k, row in enumerate(rows):
        if row in carried:
            things[k] = replace(things[k], carrier=number[site.carried[row].carrier])
    try:
        flights = fly(things, [each.vehicle for each in near], vertices, faces, dt, len(tracks.times_ns))
    except MissingExtra as error:
        if carried:
            raise
        warnings.warn(f"a vehicle drives through a loose thing: {error}", stacklevel=2)
        return timeline, scene
    for ride, k in ((carried[row], k) for k, row in enumerate(rows) if row in carried):
        ride.board(flights, k)
    return _put(timeline, scene, flights, rows, [each.row for each in near], dt)


def _driven(tracks: Tracks, scene: Scene, site: Site) -> list[_Driven]:
    """All vehicles, the boxes of carriers no higher than their decks."""
    carriers = {how.carrier: how.deck_m for how in site.carried.values()}
    found = []
    for k, agent in enumerate(tracks.agents):
        model = scene.objects[agent.object].model
        if model is None or not model.wheelbase_m:
            continue
        box = np.array(model.bounds, np.float64)
        box[0, 2] = HEAVY_CLEARANCE_M if box[1, 1] - box[0, 1] > HEAVY_WIDTH_M else CLEARANCE_M
        box[1, 2] = carriers.get(agent.object, box[1, 2])
        friction = DECK_FRICTION if agent.object in carriers else BODYWORK_FRICTION
        course = tracks.position[:, k] - scene.origin, tracks.rpy[:, k]
        found.append(_Driven(agent.object, Vehicle(box, *course, friction)))
    return found


def _first_contact(driven: Sequence[_Driven], site: Site, scene: Scene) -> int:
    """First step at which a vehicle touches a loose thing that is no cargo and stands in its way, or -1."""
    positions, rpy = site.builder.initial_poses()
    rows = [row for row in site.loose if row not in site.carried]
    first = -1
    for row in rows:
        model = scene.objects[row].model
        assert model is not None
        low, high = model.bounds
        x, y, _ = positions[row] - scene.origin
        yaw = float(rpy[row, 2])
        middle = (low + high)[1] / 2
        thing = boxes(x - middle * np.sin(yaw), y + middle * np.cos(yaw), yaw, high[0], -low[0], (high - low)[1] / 2)
        for each in driven:
            box, at = each.vehicle.box, each.vehicle.position
            near = np.flatnonzero(np.hypot(at[:, 0] - x, at[:, 1] - y) < 12.0 + float(np.abs(box[:, :2]).max()))
            if box[0, 2] >= high[2] or not len(near):
                continue
            there = boxes(
                at[near, 0], at[near, 1], each.vehicle.rpy[near, 2], box[1, 0], -box[0, 0], (box[1, 1] - box[0, 1]) / 2
            )
            touching = near[gaps(there, thing) <= 0.0]
            if len(touching) and touching[0] > 0 and (first < 0 or touching[0] < first):
                first = int(touching[0])
    return first


class _Ride:
    """A thing on the deck of its carrier, up to the step at which it begins to slide."""

    def __init__(self, tracks: Tracks, scene: Scene, site: Site, row: int, how: Carried) -> None:
        positions, rpy = site.builder.initial_poses()
        start = [se3.pose(positions[k], *rpy[k]) for k in (how.carrier, row)]
        agent = next(k for k, each in enumerate(tracks.agents) if each.object == how.carrier)
        poses = se3.pose(tracks.position[:, agent] - scene.origin, *tracks.rpy[:, agent].T)
        self._poses = poses @ (se3.inverse(start[0]) @ start[1])
        self._velocity = velocities(self._poses[:, :3, 3], tracks.times_ns)
        self._slip = -how.slip_mps * poses[:, :3, 0]
        turned = se3.wrap_angle(np.gradient(np.unwrap(tracks.rpy[:, agent], axis=0), axis=0))
        step_s = float(tracks.times_ns[1] - tracks.times_ns[0]) * 1e-9
        self._rate = se3.angular_velocity(tracks.rpy[:, agent], turned / step_s)
        self.step = min(round(how.released_s / step_s), len(poses) - 1)

    def thing(self, stuff: Any, corners: Array) -> Thing:
        """What is let go."""
        k = self.step
        yaw, pitch, roll = se3.yaw_pitch_roll(self._poses[k, :3, :3])
        rpy = np.array([roll, pitch, yaw], np.float64)
        velocity = self._velocity[k] + self._slip[k]
        return Thing(stuff, corners, self._poses[k, :3, 3], rpy, velocity, self._rate[k], k)

    def board(self, flights: Flights, n: int) -> None:
        """Write the ride, up to where the fall begins, as the n-th flight's."""
        k = self.step
        yaw, pitch, roll = se3.yaw_pitch_roll(self._poses[:k, :3, :3])
        flights.position[:k, n], flights.rpy[:k, n] = self._poses[:k, :3, 3], np.stack([roll, pitch, yaw], axis=-1)
        flights.velocity[:k, n] = self._velocity[:k]


def _passes(each: _Driven, things: Sequence[Thing]) -> bool:
    """Whether a vehicle comes near to where any of the things starts."""
    return any(float(np.hypot(*(each.vehicle.position - thing.position)[:, :2].T).min()) < NEAR_M for thing in things)


def _ground(
    builder: SceneBuilder, driven: Sequence[_Driven], things: Sequence[Thing], fastest_mps: float
) -> tuple[Array, NDArray[np.int64]]:
    """A grid of the ground, local frame, about the things, along their way as far as they may be thrown."""
    starts = np.array([thing.position for thing in things])
    nearest = min(driven, key=lambda each: float(np.hypot(*(each.vehicle.position - starts[0])[:, :2].T).min()))
    k = int(np.hypot(*(nearest.vehicle.position - starts[0])[:, :2].T).argmin())
    yaw = float(nearest.vehicle.rpy[k, 2])
    ahead, left = np.array([np.cos(yaw), np.sin(yaw)]), np.array([-np.sin(yaw), np.cos(yaw)])
    friction = min(thing.stuff.friction for thing in things)
    reach = PATCH_M + 1.5 * fastest_mps**2 / (2.0 * friction * GRAVITY_MPS2)
    along, across = ((starts[:, :2] - starts[0, :2]) @ way for way in (ahead, left))
    u = np.arange(along.min() - BEHIND_M, along.max() + reach + CELL_M[0], CELL_M[0])
    v = np.arange(across.min() - HALF_WIDTH_M, across.max() + HALF_WIDTH_M + CELL_M[1], CELL_M[1])
    xy = starts[0, :2] + u[:, None, None] * ahead + v[None, :, None] * left
    slope = -np.tan(float(nearest.vehicle.rpy[k, 1]))
    height = nearest.vehicle.position[k, 2] + slope * ((xy - nearest.vehicle.position[k, :2]) @ ahead)
    points = np.concatenate([xy, height[..., None]], axis=-1).reshape(-1, 3) + builder.origin
    points[:, 2] = builder.ground_height(points)
    corner = (np.arange(len(u) - 1)[:, None] * len(v) + np.arange(len(v) - 1)).ravel()
    lower = np.stack([corner, corner + len(v), corner + 1], axis=1)
    upper = np.stack([corner + 1, corner + len(v), corner + len(v) + 1], axis=1)
    return points - builder.origin, np.concatenate([lower, upper])


def _put(
    timeline: Timeline, scene: Scene, flights: Flights, rows: list[int], vehicles: list[int], dt: float
) -> tuple[Timeline, Scene]:
    """Write the flights of things that moved into timeline and scene."""
    moved = np.abs(flights.position - flights.position[:1]).max(axis=(0, 2)) > MOVED_M
    kept = np.flatnonzero(moved).tolist()
    assert timeline.rows is not None
    known = {int(row): column for column, row in enumerate(timeline.rows)}
    new = [k for k in kept if rows[k] not in known]
    columns = [known.get(rows[k], len(known) + new.index(k) if k in new else -1) for k in kept]

    def widened(values: Any) -> Any:
        """A column of the timeline with room for the new rows."""
        return np.concatenate([values, np.zeros((len(values), len(new), *values.shape[2:]), values.dtype)], axis=1)

    names = ("position", "rpy", "velocity", "travel_m", "steer_rad", "gait_rad", "lamps")
    arrays = {name: widened(getattr(timeline, name)) for name in names}
    for k, column in zip(kept, columns):
        arrays["position"][:, column] = flights.position[:, k] + scene.origin
        arrays["rpy"][:, column] = flights.rpy[:, k]
        arrays["velocity"][:, column] = flights.velocity[:, k]
        for name in ("travel_m", "steer_rad", "gait_rad"):
            arrays[name][:, column] = 0.0
    objects, moving = list(scene.objects), scene.instance_moving.copy()
    for k in kept:
        thing, facts = objects[rows[k]], {}
        if flights.struck_step[k] >= 0:
            striker = objects[vehicles[flights.struck_by[k]]].name
            facts = {"struck_s": f"{flights.struck_step[k] * dt:.2f}", "struck_by": striker}
        objects[rows[k]] = replace(thing, moving=True, attributes={**thing.attributes, **facts})
        moving[scene.instance_object == rows[k]] = True
    rows_now = np.array([*timeline.rows, *(rows[k] for k in new)], np.int64)
    return replace(timeline, rows=rows_now, **arrays), replace(scene, objects=tuple(objects), instance_moving=moving)
