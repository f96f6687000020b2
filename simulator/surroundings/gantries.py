"""Gantries over motorways: two posts and a truss that carry direction boards above the lanes of one carriageway."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simulator.roads import DRIVABLE
from simulator.scene.model import Body, Model
from simulator.surroundings.furniture import STEEL
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import Side
from simulator.surroundings.shapes import Patchwork, stalks
from simulator.surroundings.signs import american, plate, sign
from simulator.surroundings.usual_signs import PLACES

CLEAR_M = 5.5  # below the boards: RAA 2008 asks for 4.7 m, and some room for what comes later
_BEAM_M = 1.0  # height of the truss
_BOARD_M = (4.6, 2.6)
_REACH_M = 200.0  # from the path
_EVERY_M = 420.0
_SHARE = 0.75  # of the carriageways near the path that have one at all


def place_gantries(place: Place) -> None:
    """One gantry at a time over each carriageway of motorways, none near another one."""
    stood: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    for side in place.sides:
        fast = side.road.types[:1] and side.road.types[0].type == "motorway"
        if not fast or side.near_m.min() > _REACH_M or side.length < 60.0:
            continue
        rng = place.rng("gantry", side.road.id, int(side.left))
        if rng.random() > _SHARE:
            continue
        at = float(rng.uniform(0.25, 0.75)) * side.length
        xyz, out, way = side.at([at], 0.9)
        span = _carriageway_m(side, at)
        near = any(np.hypot(*(xyz[0, :2] - other)) < _EVERY_M for other in stood)
        if near or span < 6.0 or place.distance(xyz[:, :2])[0] > _REACH_M or not place.clear(xyz[:, :2], 0.2)[0]:
            continue
        stood.append(xyz[0, :2])
        foot = place.on_ground(xyz[0, :2])[0]
        yaw = float(np.arctan2(-way[0, 1], -way[0, 0]))  # boards face the traffic
        across = np.array([-np.sin(yaw), np.cos(yaw)])
        inwards = -float(np.sign(across @ out[0]))  # of the frame's y, from the post beside the road to the median
        lift = float(xyz[0, 2] - foot[2])
        place.put_model(frame(round(span + 1.2, 1), round(CLEAR_M + lift, 2), int(inwards)), foot, yaw)
        count = 2 if span > 9.0 else 1
        for k in range(count):
            names = rng.choice(PLACES, 2, replace=False)
            made = sign(
                "motorway_direction", text=f"{names[0]} / {names[1]}", width_m=_BOARD_M[0], height_m=_BOARD_M[1]
            )
            made = american(made) if place.mutcd else made
            offset = inwards * (0.9 + span * (k + 0.5) / count)
            spot = foot + np.array([*(offset * across), 0.0]) + 0.5 * np.array([np.cos(yaw), np.sin(yaw), 0.0])
            place.put_object(plate(made, round(CLEAR_M + lift, 2)), spot, yaw, {})
        place.occupancy.take_circles(xyz[:, :2], 0.8)
        place.counts["gantry"] += 1


def _carriageway_m(side: Side, at: float) -> float:
    """Width from the outer edge of a side to the innermost edge of its lanes for traffic."""
    s = float(np.interp(at, side.along, side.s))
    index = int(side.road.section_at(np.array([s]))[0])
    lanes = [lane for lane in side.road.sections[index].lanes if lane.id]
    rows = side.road.boundaries(index, np.array([s]))[:, 0]
    mine = [k for k, lane in enumerate(lanes) if lane.type in DRIVABLE and (lane.id > 0) == side.left]
    if not mine:
        return 0.0
    inner = rows[mine[-1] + 1] if side.left else rows[mine[0]]
    outer = rows[0] if side.left else rows[-1]
    return float(abs(outer - inner))


@lru_cache(maxsize=64)
def frame(span_m: float, clear_m: float, side: int) -> Model:
    """Posts at y = 0 and y = `side` * `span_m`, and the truss between them 0.6 m above `clear_m`; x to the reader."""
    work = Patchwork()
    low, high = clear_m + 0.6, clear_m + 0.6 + _BEAM_M
    end = side * span_m
    for y in (0.0, end):
        work.blocks([[-0.16, y - 0.16, -0.5]], [[0.16, y + 0.16, high]], 0)
    chords = [[[x, 0.0, z], [x, end, z]] for x in (-0.35, 0.35) for z in (low, high)]
    work.add(stalks(chords, [[0.06, 0.06]] * 4, 4))
    bays = max(int(span_m / 1.4), 2)
    at = np.linspace(0.0, end, bays + 1)
    braces = []
    for x in (-0.35, 0.35):
        for k in range(bays):
            up = k % 2 == 0
            braces.append([[x, at[k], low if up else high], [x, at[k + 1], high if up else low]])
    work.add(stalks(braces, [[0.035, 0.035]] * len(braces), 3))
    return Model("pole", (Body(work.mesh(), (STEEL,)),))
