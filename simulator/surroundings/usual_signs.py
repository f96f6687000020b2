"""Signs that a map without any would have: the right of way as traffic heeds it, limits, warnings that are true.

Nothing here makes a rule. Who goes first is asked of `traffic.precedence`, limits of the lanes, and a curve is only
announced where the road bends, so that no sign says what drivers do not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from simulator.numerics import se3
from simulator.roads import DRIVABLE, RoadNetwork
from simulator.roads.approaches import approach_controls
from simulator.surroundings.place import Place
from simulator.surroundings.roadsides import Side
from simulator.surroundings.signs import Sign, sign
from simulator.traffic.conflicts import Kind
from simulator.traffic.lane_map import LaneMap, lane_map
from simulator.traffic.precedence import ONCOMING_RAD, Gates, gates

Rank = Literal["give_way", "priority", "right_first"]
Arm = tuple[str, str, str]  # junction, road that leads into it, and the end of that road: "start" or "end"

REACH_M = 150.0  # of signs from the path
SPARSE = 0.02  # signs per metre of side: a map with fewer gets some
SLOW_MPS = 7.0  # ways through car parks and yards have no signs
BEND_M = 180.0  # a curve of a smaller radius is announced
PLACES = ("NEUSTADT", "SEEHEIM", "ALTDORF", "LINDAU", "WEILER", "BERGEN", "HOLM", "MARKT", "STEINACH", "ROSENAU")
# What may stand somewhere along a street without saying anything about who may drive how.
_EXTRAS = {
    "town": ("no_stopping", "parking", "no_parking", "bus_stop"),
    "suburb": ("children", "parking", "bus_stop"),
    "village": ("children", "pedestrians", "direction", "bus_stop"),
    "industrial": ("direction", "danger", "no_stopping", "parking"),
    "car_park": ("parking",),
    "country": ("deer", "direction", "bumpy"),
    "forest": ("deer", "deer", "slippery", "danger"),
}


# What plates below some of them say; half of these have one.
_BELOW = {
    "no_stopping": ("Mo-Fr,/7-18 h", "16-18 h", "<", ">", "werktags/7-9 h"),
    "no_parking": ("Mo-Fr,/7-18 h", "< >", "werktags/8-18 h"),
    "parking": ("mit/Parkschein", "Bewohner", "2 Std.", "[car]", "werktags/8-18 h"),
    "children": ("Schule", "100 m", "Mo-Fr,/7-17 h", "Kindergarten"),
    "deer": ("^ 2 km ^", "^ 800 m ^", "^ 3 km ^"),
    "bumpy": ("^ 500 m ^", "Straßen-/schäden"),
    "slippery": ("bei Nässe", "^ 400 m ^"),
    "danger": ("Ausfahrt", "150 m", "Rollsplitt"),
    "pedestrians": ("200 m", "^ 300 m ^"),
}


def ranks(network: RoadNetwork, known: tuple[LaneMap, Gates] | None = None) -> dict[Arm, Rank]:
    """Who goes first at each way into the junctions that no sign or light regulates, as traffic sees it.

    "give_way" and "priority" only where every arm of a junction is one of them; where arms give way to some and go
    before others, all are "right_first" (they give way to who comes from the right).

    Args:
        network: roads.
        known: lanes and their gates, if they have been made already.
    """
    ways = approach_controls(network)
    ruled = {way.junction for way in ways if way.signal}
    if not any(way.junction not in ruled for way in ways):
        return {}
    lanes, rights = known or _rights(network)
    index = lanes.index
    arm_of: dict[int, Arm] = {}
    for way in ways:
        if way.junction not in ruled and way.lane in index:
            forward = network.roads[way.incoming.road].drives_forward(way.incoming.lane)
            arm_of[index[way.lane]] = (way.junction, way.incoming.road, "end" if forward else "start")
    heading = lanes.arrays.samples["heading"][lanes.arrays.lanes["first"]]
    says: dict[Arm, set[int]] = {arm: set() for arm in arm_of.values()}
    for row in rights.conflicts[np.isin(rights.conflicts["kind"], (Kind.CROSS, Kind.MERGE))]:
        a, b = int(row["lane"]), int(row["other"])
        one, other = arm_of.get(a), arm_of.get(b)
        # Who turns lets the oncoming traffic pass, whatever the signs say.
        if one and other and one != other and abs(se3.wrap_angle(heading[b] - heading[a])) < ONCOMING_RAD:
            says[one].add(int(row["yields"]))
    out: dict[Arm, Rank] = {}
    for junction in sorted({arm[0] for arm in says}):
        arms = {arm: said for arm, said in says.items() if arm[0] == junction and said}
        clear = all(said in ({1}, {-1}) for said in arms.values()) and {1} in arms.values() and {-1} in arms.values()
        for arm, said in arms.items():
            out[arm] = ("give_way" if said == {1} else "priority") if clear else "right_first"
    return out


def _rights(network: RoadNetwork) -> tuple[LaneMap, Gates]:
    lanes = lane_map(network, DRIVABLE)
    return lanes, gates(lanes, network)


def usual_signs(place: Place, side: Side, rank: Mapping[Arm, Rank], signs: int) -> list[tuple[Sign, float]]:
    """Signs for the traffic along one side, and how far along its way each stands.

    Args:
        place: what is being filled.
        side: of a road.
        rank: from `ranks`.
        signs: how many the map itself has on this road.
    """
    rng = place.rng("signs", side.road.id, int(side.left))
    out = _at_junction(place, side, rank)
    if signs > SPARSE * side.length:
        return out
    limit = round(3.6 * side.limit_mps / 10) * 10
    limited = 20 <= limit <= 130
    if place.style.name == "motorway":
        if limited and rng.random() < 0.5:
            out.append((sign("speed_limit", value=limit), 0.3 * side.length))
        boards = place.rng("signs", "boards", side.road.id, int(side.left))
        if side.length > 150.0 and boards.random() < 0.6:
            names = " / ".join(boards.choice(PLACES, 2, replace=False))
            board = sign("motorway_direction", text=names, width_m=3.6, height_m=2.2)
            out.append((board, float(boards.uniform(0.35, 0.85)) * side.length))
        return out
    if limited and _behind(side) and rng.random() < 0.4:
        out.append((sign("speed_limit", value=limit), float(min(14.0, 0.3 * side.length))))
    bend = _bend(side)
    if bend and not place.style.urban:
        out.append((sign("curve_left" if bend[1] > 0 else "curve_right"), max(bend[0] - 60.0, 0.1 * side.length)))
    if side.length > 45.0 and rng.random() < 0.7:
        extras = _EXTRAS.get(place.style.name, ("danger",))
        name = extras[int(rng.integers(len(extras)))]
        word = str(rng.choice(PLACES)) if name == "direction" else ""
        at = float(rng.uniform(0.25, 0.75)) * side.length
        below = place.rng("signs", "below", side.road.id, int(side.left))
        words = str(below.choice(_BELOW[name])) if name in _BELOW and below.random() < 0.5 else ""
        out.append((replace(sign(name, text=word), below=words), at))
    return out


def _at_junction(place: Place, side: Side, rank: Mapping[Arm, Rank]) -> list[tuple[Sign, float]]:
    end = "end" if way_is_s(side) else "start"
    ahead = side.road.successor if way_is_s(side) else side.road.predecessor
    if ahead is None or ahead.kind != "junction" or side.limit_mps < SLOW_MPS:
        return []
    found = rank.get((ahead.id, side.road.id, end))
    if found == "give_way":
        return [(sign("give_way"), side.length - 2.5)]
    if found == "priority":
        return [(sign("priority_crossing"), max(side.length - 20.0, 0.5 * side.length))]
    if found == "right_first" and place.rng("signs", "right first", ahead.id).random() < 0.4:
        return [(sign("priority_right"), max(side.length - 30.0, 0.4 * side.length))]
    return []


def way_is_s(side: Side) -> bool:
    """Whether the traffic nearest to an edge runs with the road's stations."""
    return bool(side.way[0] @ (side.xyz[-1, :2] - side.xyz[0, :2]) > 0)


def _behind(side: Side) -> bool:
    link = side.road.predecessor if way_is_s(side) else side.road.successor
    return link is not None and link.kind == "junction"


def _bend(side: Side) -> tuple[float, float] | None:
    """How far along the traffic's way its first bend begins, and its direction (1 left, -1 right); None if straight."""
    order = slice(None) if way_is_s(side) else slice(None, None, -1)
    way, along = side.way[order], side.along
    heading = np.unwrap(np.arctan2(way[:, 1], way[:, 0]))
    step = max(int(10.0 / max(along[1] - along[0], 1e-3)), 1)
    if len(heading) <= step:
        return None
    curvature = (heading[step:] - heading[:-step]) / (along[step:] - along[:-step])
    bent = np.flatnonzero(np.abs(curvature) > 1.0 / BEND_M)
    return (float(along[bent[0]]), float(np.sign(curvature[bent[0]]))) if len(bent) else None
