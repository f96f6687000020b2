"""Signs and traffic lights: those of the map at their records, and the usual ones where a map has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.numerics import se3
from simulator.roads import Road, Signal
from simulator.roads.signal_meaning import is_light, is_paint
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import Side
from simulator.surroundings.shapes import F64
from simulator.surroundings.signals import head, mast_arm, signal_post
from simulator.surroundings.signs import Sign, american, sign, sign_models, sign_of
from simulator.surroundings.usual_signs import REACH_M, ranks, usual_signs, way_is_s
from simulator.traffic.lane_map import LaneMap
from simulator.traffic.precedence import Gates

OVERHEAD_M = 4.0  # lower edges from here on hang above the road
_SHIFT_M = np.concatenate([[0.0], np.arange(0.3, 16.0, 0.3)])


def place_signs(place: Place, known: tuple[LaneMap, Gates] | None = None) -> dict[str, int]:
    """Place all signs and lights; returns the object ids of traffic lights by the ids of their records.

    Args:
        place: what is being filled.
        known: lanes and their right of way, if they have been made already.
    """
    lights: dict[str, int] = {}
    posts: dict[tuple[int, int], F64] = {}
    for road in place.network.roads.values():
        if not road.signals:
            continue
        s = np.array([np.clip(signal.s, 0.0, road.length) for signal in road.signals])
        t = np.array([signal.t for signal in road.signals])
        points, heading = road.point(s, t), road.reference(s)[2]
        signals = [
            _where_it_stands(place, signal, points[i], heading[i : i + 1]) for i, signal in enumerate(road.signals)
        ]
        near = place.distance(points[:, :2]) < place.radius_m
        for i in np.flatnonzero(near).tolist():
            signal = signals[i]
            if is_paint(signal):
                continue
            if is_light(signal):
                lights[signal.id] = _light(place, road, signal, points[i], float(heading[i]))
            else:
                _sign(place, signal, points[i], float(heading[i]), posts)
    _usual_signs(place, known)
    return lights


def _where_it_stands(place: Place, signal: Signal, point: F64, heading: F64) -> Signal:
    """The signal with its height where it physically stands; `point` (3,) and `heading` (1,) are moved there."""
    at = signal.stands
    if at is None:
        return signal
    if not at.road:
        ground = place.on_ground(np.array(at.place[:2]))[0]
        point[:], heading[:] = ground, at.heading
        return replace(signal, z=at.place[2] - float(ground[2]), heading=0.0, orientation="+")
    road = place.network.roads.get(at.road)
    if road is None:
        return signal
    s = float(np.clip(at.place[0], 0.0, road.length))
    point[:], heading[:] = road.point(s, at.place[1])[0], road.reference([s])[2]
    return replace(signal, z=at.place[2], heading=at.heading)


def _facing(signal: Signal, heading: float) -> float:
    """Yaw of a plate or head: against the traffic it is for."""
    turn = float(se3.wrap_angle(signal.heading))
    # Only lights for people on foot look across the road; other offsets beyond that are mistakes of the map.
    own = turn if abs(turn) < 1.2 or is_light(signal) == "pedestrian" else 0.0
    way = heading + own + (np.pi if signal.orientation == "-" else 0.0)
    return float(se3.wrap_angle(way + np.pi))


def _aside(place: Place, point: F64, heading: float, margin_m: float) -> F64 | None:
    """The spot nearest to `point`, across the road's direction, that is free and beside the road; (2,) or None."""
    across = np.array([-np.sin(heading), np.cos(heading)])
    shift = np.concatenate([_SHIFT_M, -_SHIFT_M[1:]])
    shift = shift[np.argsort(np.abs(shift), kind="stable")]
    spots = point[:2] + shift[:, None] * across
    ok = place.clear(spots, margin_m)
    return spots[np.argmax(ok)] if ok.any() else None


def _light(place: Place, road: Road, signal: Signal, point: F64, heading: float) -> int:
    """Build one traffic light: on a post, or hanging from a mast arm where the record is above the road."""
    kind, yaw = is_light(signal), _facing(signal, heading)
    facts = {"signal_id": signal.id, "road": road.id}
    spot = _aside(place, point, heading, 0.25)
    bottom = signal.z if 1.8 <= signal.z <= 7.5 else 2.3
    on_road = place.ground.clearance(point[None, :2])[0] <= 0.05
    hangs = kind != "pedestrian" and spot is not None and on_road
    if hangs and spot is not None and (signal.z >= OVERHEAD_M or np.linalg.norm(spot - point[:2]) > 2.5):
        bottom = max(bottom, 5.2)
        foot = place.on_ground(spot)[0]
        side = np.array([-np.sin(yaw), np.cos(yaw)])
        reach = float((point[:2] - spot) @ side)
        lift = float(point[2] - foot[2])
        place.put_model(mast_arm(round(bottom + 0.75 + lift, 2), round(reach, 2)), foot, yaw)
        place.occupancy.take_circles(spot[None], 0.5)
        hang = np.array([*point[:2], point[2]]) + 0.22 * np.array([np.cos(yaw), np.sin(yaw), 0.0])
        return place.put_object(head(kind, round(bottom, 2), board=True), hang, yaw, facts)
    at = place.on_ground(spot if spot is not None else point[:2])[0]
    bottom = min(bottom, 3.4)
    model = head(kind, round(bottom, 2))
    place.put_model(signal_post(round(bottom + float(model.size_lwh_m[2]), 2)), at, yaw)
    place.occupancy.take_circles(at[None, :2], 0.5)
    return place.put_object(model, at, yaw, facts)


def _sign(place: Place, signal: Signal, point: F64, heading: float, posts: dict[tuple[int, int], F64]) -> None:
    """Build one sign of the map; several at one place share a post."""
    made = sign_of(signal)
    if made is None:
        return
    # Several records on one post name the same place, which is taken by the first.
    key = (round(float(point[0]) * 4), round(float(point[1]) * 4))
    shared = posts.get(key)
    spot = shared if shared is not None else _aside(place, point, heading, 0.2)
    if spot is None:
        return
    bottom = signal.z if 0.5 <= signal.z <= 7.0 else 2.1
    _stand(place, made, spot, _facing(signal, heading), bottom, {"signal_id": signal.id}, post=shared is None)
    posts[key] = spot


def _stand(
    place: Place, made: Sign, xy: F64, yaw: float, bottom: float, facts: dict[str, str], *, post: bool = True
) -> None:
    """Put a plate and its posts on the ground at world (2,) `xy`, facing `yaw`."""
    at = place.on_ground(xy)[0]
    face, posts = sign_models(american(made) if place.mutcd else made, round(bottom, 2))
    place.put_object(face, at, yaw, facts)
    if post:
        side = np.array([-np.sin(yaw), np.cos(yaw)])
        for model, offset in posts:
            foot = xy + offset * side
            if place.ground.clearance(foot[None])[0] > 0.05:
                place.put_model(model, place.on_ground(foot)[0], yaw)
    place.occupancy.take_circles(xy[None], 0.4)


# ---------------------------------------------------------------- where a map has none


def _usual_signs(place: Place, known: tuple[LaneMap, Gates] | None) -> None:
    """Who goes first at junctions without signs, limits, warnings: what a road of this kind usually has."""
    rank = ranks(place.network, known)
    for side in place.sides:
        if side.near_m.min() < REACH_M and side.length >= 18.0:
            signs = sum(not is_paint(signal) and not is_light(signal) for signal in side.road.signals)
            for made, at in usual_signs(place, side, rank, signs):
                _beside(place, side, made, at)


def _beside(place: Place, side: Side, made: Sign, along_way: float) -> None:
    """Stand a sign beside its side of the road, facing the traffic along it."""
    at = along_way if way_is_s(side) else side.length - along_way
    xyz, _, way = side.at([at], 0.35 + 0.5 * max(made.width_m - 0.6, 0.0))
    if place.distance(xyz[:, :2])[0] < REACH_M and place.clear(xyz[:, :2], 0.15)[0]:
        yaw = float(np.arctan2(-way[0, 1], -way[0, 0]))
        bottom = 2.2 if place.style.urban else 1.6
        if made.width_m > 2.0:
            bottom = 2.4
        if made.below and not place.mutcd:
            extra = sign("supplementary", text=made.below)
            _stand(place, extra, xyz[0, :2], yaw, bottom, {}, post=False)
            bottom += extra.height_m + 0.02
        _stand(place, made, xyz[0, :2], yaw, bottom, {})
