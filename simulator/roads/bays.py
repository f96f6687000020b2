"""Parking bays of a network: where each lies, how a car stands in it, and from which lanes it is reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.roads.network import RoadNetwork
from simulator.roads.object_copies import ObjectCopy, object_copies
from simulator.roads.polynomial import Array
from simulator.roads.records import DRIVABLE, LaneKey, RoadObject
from simulator.roads.road import Road

_LEAST_M = 0.5  # smaller outlines are no bays


@dataclass(frozen=True, eq=False)
class ParkingBays:
    """All parking bays of a network, in the order of its roads and objects.

    Attributes:
        position: (B, 3) middle of each bay on the road surface, world frame.
        heading: (B,) rad, of a car that drove in forwards, or along the road.
        length, width: (B,) metres, along the heading and across.
        s: (B,) station of the middle on its road.
        ids: id of each bay's object; copies of one object share it.
        lanes: (B) lanes of the road that run past the bay, the nearest first: from these it is reached.
    """

    position: Array
    heading: Array
    length: Array
    width: Array
    s: Array
    ids: tuple[str, ...]
    lanes: tuple[tuple[LaneKey, ...], ...]

    def __len__(self) -> int:
        return len(self.s)


def parking_bays(network: RoadNetwork) -> ParkingBays:
    """The bays of all objects of type parkingSpace, which may be outlines, boxes, or rows of copies."""
    rows: list[tuple[Array, float, float, float, float]] = []
    ids: list[str] = []
    lanes: list[tuple[LaneKey, ...]] = []
    for road in network.roads.values():
        for thing in road.objects:
            if thing.type != "parkingSpace":
                continue
            for copy in object_copies(thing):
                row = _pose(road, thing, copy)
                if 0.0 <= row[4] <= road.length and min(row[2:4]) > _LEAST_M:
                    rows.append(row)
                    ids.append(thing.id)
                    lanes.append(_lanes_past(road, row[4], copy.t))
    position = np.array([row[0] for row in rows], np.float64).reshape(-1, 3)
    others = np.array([row[1:] for row in rows], np.float64).reshape(-1, 4)
    return ParkingBays(position, others[:, 0], others[:, 1], others[:, 2], others[:, 3], tuple(ids), tuple(lanes))


def _pose(road: Road, thing: RoadObject, copy: ObjectCopy) -> tuple[Array, float, float, float, float]:
    """Middle, heading, length, width and station of one bay. An outline, if any, says where in its frame it lies."""
    s, length, width = copy.s, copy.length, copy.width
    heading = float(road.reference([s])[2][0]) + thing.heading
    middle = road.point([s], [copy.t])[0]
    outline = next((x for x in thing.outlines if len(x.corners) >= 3), None)
    if outline is not None and outline.frame == "road":
        places = copy.corners(thing, outline)[:, :2]
        corners = road.point(places[:, 0], places[:, 1])
        s, middle = float(0.5 * (places[:, 0].min() + places[:, 0].max())), corners.mean(axis=0)
        away = (corners - middle)[:, :2]
        cos, sin = np.cos(heading), np.sin(heading)
        length, width = float(np.ptp(away @ [cos, sin])), float(np.ptp(away @ [-sin, cos]))
    elif outline is not None:
        low, high = outline.corners[:, :2].min(axis=0), outline.corners[:, :2].max(axis=0)
        u, v = 0.5 * (low + high)
        length, width = (high - low).tolist()
        cos, sin = np.cos(heading), np.sin(heading)
        middle = middle + [u * cos - v * sin, u * sin + v * cos, 0.0]
    if width > length:  # given across instead of along
        heading, length, width = heading + 0.5 * np.pi, width, length
    return middle, float(np.arctan2(np.sin(heading), np.cos(heading))), length, width, s


def _lanes_past(road: Road, s: float, t: float) -> tuple[LaneKey, ...]:
    """Lanes that cars may drive on at a station, the nearest to t first."""
    section = int(road.section_at([s])[0])
    found = []
    for lane in road.sections[section].lanes:
        if lane.id and lane.type in DRIVABLE:
            inner, outer, _, _ = road.lane_edges(np.array([section]), lane.id, np.array([s]))
            found.append((abs(0.5 * float(inner[0] + outer[0]) - t), LaneKey(road.id, section, lane.id)))
    return tuple(key for _, key in sorted(found))
