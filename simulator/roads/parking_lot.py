"""A parking lot beside a street: aisles with rows of bays, joined at both ends, with a way in and a way out.

Bays and aisles follow the Empfehlungen fuer Anlagen des ruhenden Verkehrs (EAR, FGSV 2005): bays of 2.50 m by 5.00 m,
aisles of 6.00 m for two directions. Angled bays are entered forwards from the nearer lane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np

from simulator.errors import InputError
from simulator.numerics.units import KMH
from simulator.roads.cross_section import KERB_M, CrossSection, Strip, strip, tapered
from simulator.roads.junction_features import with_priority
from simulator.roads.junction_layout import Arm, build_junction
from simulator.roads.layout import Plan, Pose
from simulator.roads.network import RoadNetwork
from simulator.roads.records import LaneSection, Link, ObjectMarking, Outline, RoadObject, RoadType
from simulator.roads.road import Road
from simulator.roads.street import Street, junction_reach, plain_road

_LANE_M = 3.0  # half an aisle
_BAY_M = (5.0, 2.5)  # length and width
_GREEN_M = 4.0  # planted strip between rows that lie back to back
_KERB_RADIUS_M = 4.0  # of corners in the lot
_SPARE_M = 1.0
_BLOCK_M = 24.0  # of the street between the ways in and out, at least
_WAIT_M = 10.0  # from the lot to the street: room for a car before the crossing
_STREET_M = 60.0  # of the street on either side of the lot
_VERGE_M = 3.0  # between the pavement of the street and the first row
_CURB = strip("curb", 0.15, height=KERB_M, surface="concrete")
_STREET = Street()
_AISLE = Street(_LANE_M, 0.0)
_EAST, _NORTH, _WEST, _SOUTH = 0.0, 0.5 * np.pi, np.pi, -0.5 * np.pi


def parking_lot(rows: int = 4, *, bays: int = 12, angle_deg: float = 90.0, speed_kmh: float = 20.0) -> RoadNetwork:
    """A parking lot of `rows` rows of `bays` bays each, two to an aisle, beside a street.

    Roads by id: "0", "1", "2" the street from west to east; "1k" the aisle k, the nearest to the street first, with
    bays in its section 1 (an odd last row lies on the near side of the last aisle); "20" and up the ways between the
    aisles and the street, on the west and east side in turn. See `bays.parking_bays` for the poses of the bays.

    Args:
        bays: in each row.
        angle_deg: between the bays and the aisle, 45 to 90.

    Raises:
        InputError: numbers out of range.
    """
    if not 1 <= rows <= 20:
        raise InputError(f"rows={rows}: 1 to 20 are accepted")
    if not 2 <= bays <= 60:
        raise InputError(f"bays={bays}: 2 to 60 in each row are accepted")
    if not 45.0 <= angle_deg <= 90.0:
        raise InputError(f"angle_deg={angle_deg:g}: 45 to 90 degrees are accepted")
    if not 5.0 <= speed_kmh <= 50.0:
        raise InputError(f"speed_kmh={speed_kmh:g}: 5 to 50 km/h are accepted")
    return _Lot(rows, bays, float(np.deg2rad(angle_deg)), speed_kmh).network()


@dataclass(frozen=True)
class _Lot:
    """Sizes of a lot whose west side lies on x = 0 and whose street runs along y = 0."""

    rows: int
    bays: int
    angle: float
    speed_kmh: float

    @property
    def aisles(self) -> int:
        """Number of aisles, each with a row on both sides."""
        return (self.rows + 1) // 2

    @property
    def pitch(self) -> float:
        """Distance of neighbouring bays along the aisle."""
        return _BAY_M[1] / float(np.sin(self.angle))

    @property
    def depth(self) -> float:
        """How far a row reaches from the aisle."""
        return float(_BAY_M[0] * np.sin(self.angle) + _BAY_M[1] * np.cos(self.angle))

    @property
    def row_m(self) -> float:
        """Length of a row."""
        along = _BAY_M[0] * np.cos(self.angle) + _BAY_M[1] * np.sin(self.angle)
        return float((self.bays - 1) * self.pitch + along)

    @cached_property
    def reach(self) -> float:
        """From the middle of a junction in the lot to the ends of its arms."""
        return junction_reach(_AISLE, (_EAST, _NORTH, _SOUTH), _KERB_RADIUS_M)[0]

    @cached_property
    def street_reach(self) -> float:
        """From the middle of a junction on the street to the ends of its arms."""
        return max(junction_reach(street, (_EAST, _WEST, _NORTH))[0] for street in (_STREET, _AISLE))

    @property
    def spare(self) -> float:
        """From the end of a junction to the first bay; more where the rows are shorter than the street needs."""
        return max(_SPARE_M, self.street_reach + 0.5 * _BLOCK_M - self.reach - 0.5 * self.row_m)

    @property
    def width(self) -> float:
        """From the way on the west side to the one on the east side."""
        return self.row_m + 2.0 * (self.reach + self.spare)

    def y(self, aisle: int) -> float:
        """Of the middle of an aisle."""
        half = _LANE_M + self.depth
        street = _STREET.lane_width + _STREET.sidewalk_width + 0.15
        first = max(street + _VERGE_M + half, self.street_reach + self.reach + _WAIT_M)
        return first + aisle * (2.0 * half + _GREEN_M)

    def network(self) -> RoadNetwork:
        """Roads, junctions and bays."""
        last = self.aisles - 1
        roads = dict(self._street())
        for aisle in range(last):
            for side, x in enumerate((0.0, self.width)):
                below = self.y(aisle - 1) + self.reach if aisle else self.street_reach
                plan = Plan(Pose(x, below, _NORTH)).line(self.y(aisle) - self.reach - below)
                roads[f"{20 + 2 * aisle + side}"] = self._way(f"{20 + 2 * aisle + side}", plan, aisle, side)
            plan = Plan(Pose(self.reach, self.y(aisle), _EAST)).line(self.width - 2.0 * self.reach)
            links = Link("junction", _name(aisle, 0)), Link("junction", _name(aisle, 1))
            roads[f"1{aisle}"] = self._aisle(aisle, plan, self.spare, *links)
        roads[f"1{last}"] = self._last_aisle(last)
        network = RoadNetwork(roads, {}, name="parking lot")
        for aisle in range(-1, last):
            for side in (0, 1):
                network = self._joined(network, aisle, side)
        return network

    # ---- roads

    def _street(self) -> dict[str, Road]:
        """The street in three pieces, west to east."""
        west, east = (Link("junction", _name(-1, side)) for side in (0, 1))
        reach, width = self.street_reach, self.width
        ends = (-_STREET_M, -reach), (reach, width - reach), (width + reach, width + _STREET_M)
        roads = {}
        for number, ((start, end), links) in enumerate(zip(ends, ((None, west), (west, east), (east, None)))):
            plan = Plan(Pose(start, 0.0, _EAST)).line(end - start)
            section, (before, after) = _STREET.cross_section(plan.length), links
            roads[str(number)] = plain_road(
                str(number), plan, section, "town", _STREET.speed_kmh, predecessor=before, successor=after
            )
        return roads

    def _way(self, name: str, plan: Plan, aisle: int, side: int) -> Road:
        """A way from the aisle before, or from the street, to the junction at an aisle."""
        links = Link("junction", _name(aisle - 1, side)), Link("junction", _name(aisle, side))
        edge: tuple[Strip, ...] = (*_EDGE, _pavement(0.0)) if aisle == 0 else _EDGE
        section = CrossSection(edge, edge)
        return plain_road(name, plan, section, "lowSpeed", self.speed_kmh, predecessor=links[0], successor=links[1])

    def _last_aisle(self, aisle: int) -> Road:
        """The farthest aisle, which bends towards the street at both ends."""
        below = self.y(aisle - 1) + self.reach if aisle else self.street_reach
        radius = _LANE_M + _KERB_RADIUS_M
        plan = Plan(Pose(0.0, below, _NORTH)).to(Pose(self.reach + self.spare, self.y(aisle), _EAST), radius)
        start = plan.length
        plan.line(self.row_m).to(Pose(self.width, below, _SOUTH), radius)
        links = Link("junction", _name(aisle - 1, 0)), Link("junction", _name(aisle - 1, 1))
        return self._aisle(aisle, plan, start, *links)

    def _aisle(self, aisle: int, plan: Plan, start: float, predecessor: Link, successor: Link) -> Road:
        """An aisle with bays on both sides from station `start` on."""
        end = start + self.row_m
        bays = (strip("driving", _LANE_M), strip("parking", self.depth, surface="paving"), _CURB)
        beyond = bays if 2 * aisle + 2 <= self.rows else _EDGE
        edges: list[tuple[Strip, ...]] = [_EDGE, _EDGE]
        if aisle == 0 and predecessor.id == _name(-1, 0):  # both ends lie at the street
            edges = [(*_EDGE, _pavement(0.0)), (*_EDGE, _pavement(plan.length - end))]
        before, after = (CrossSection(edge, edge) for edge in edges)
        across = before, CrossSection(beyond, bays), after

        def link(number: int, lane: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
            """Predecessors and successors of a lane: bays are in the middle section only."""
            on = (lane,) if abs(lane) == 1 else ()  # driving lanes go on
            return on if number > 0 else (), on if number < 2 else ()

        sections = []
        for number, (a, b) in enumerate(pairwise((0.0, start, end, plan.length))):
            lanes = across[number].lanes(partial(link, number))
            sections.append(LaneSection(a, b, lanes))
        sides = (-1, 1) if beyond is bays else (-1,)
        return Road(
            id=f"1{aisle}",
            length=plan.length,
            geometry=plan.geometry,
            sections=tuple(sections),
            predecessor=predecessor,
            successor=successor,
            types=(RoadType(0.0, "lowSpeed", self.speed_kmh * KMH),),
            objects=tuple(bay for side in sides for bay in self._row(aisle, start, side)),
        )

    def _row(self, aisle: int, start: float, side: int) -> list[RoadObject]:
        """The bays on the right (side -1) or left (1) of an aisle; each paints its left line, the last one both."""
        length, width = _BAY_M
        corners = np.array([[u * length, v * width, 0.0, 0.0] for u, v in _CORNERS])
        outline = Outline("local", 0.5 * corners)
        first = start + 0.5 * (self.row_m - (self.bays - 1) * self.pitch)
        heading = -self.angle if side < 0 else np.pi - self.angle
        end = 0 if side < 0 else self.bays - 1
        number = 1 + (2 * aisle + (side > 0)) * self.bays
        return [
            RoadObject(
                str(number + k),
                first + k * self.pitch,
                side * (_LANE_M + 0.5 * self.depth),
                type="parkingSpace",
                name="bay",
                heading=heading,
                length=length,
                width=width,
                outlines=(outline,),
                parking_access="all",
                markings=tuple(ObjectMarking(line) for line in ("left", "right")[: 1 + (k == end)]),
            )
            for k in range(self.bays)
        ]

    # ---- junctions

    def _joined(self, network: RoadNetwork, aisle: int, side: int) -> RoadNetwork:
        """The network with the junction at one end of an aisle, or (aisle -1) on the street."""
        last = self.aisles - 1
        x, y = (0.0, self.width)[side], self.y(aisle) if aisle >= 0 else 0.0
        reach = self.reach if aisle >= 0 else self.street_reach
        up = f"{22 + 2 * aisle + side}" if aisle + 1 < last else f"1{last}"
        ends = {up: ("end" if up == f"1{last}" and side else "start", _NORTH)}
        if aisle >= 0:
            ends |= {f"{20 + 2 * aisle + side}": ("end", _SOUTH)}
            ends |= {f"1{aisle}": ("end" if side else "start", _WEST if side else _EAST)}
        else:
            ends |= {str(side): ("end", _WEST), str(side + 1): ("start", _EAST)}
        arms = []
        for road, (contact, direction) in ends.items():
            pose = Pose(x, y, direction).moved(reach).back()
            lanes = network.roads[road].sections[-1 if contact == "end" else 0]
            section = _STREET.cross_section(10.0)
            if road not in ("0", "1", "2"):
                edge = _EDGE if aisle >= 0 else (*_EDGE, _pavement(lanes.length if contact == "end" else 0.0))
                section = CrossSection(edge, edge)
            arms.append(Arm.of(road, contact, pose, section, lanes.length))
        first = max(199, *(int(name) for name in network.roads)) + 1
        radius = _LANE_M + (_KERB_RADIUS_M if aisle >= 0 else 6.0)
        name = _name(aisle, side)
        junction, inside = build_junction(name, arms, first, radius=radius, speed_mps=self.speed_kmh * KMH)
        roads = network.roads | {road.id: road for road in inside}
        network = replace(network, roads=roads, junctions={**network.junctions, name: junction})
        return network if aisle >= 0 else with_priority(network, name, arms, arms[1:])


_EDGE = (strip("driving", _LANE_M), _CURB)
_CORNERS = ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))


def _pavement(street_s: float) -> Strip:
    """The pavement of the street on a way that leaves it at a station: there at full width, it soon ends."""
    full = (street_s, _STREET.sidewalk_width)
    table = [full, (_WAIT_M, 0.0)] if street_s == 0.0 else [(0.0, 0.0), (street_s - _WAIT_M, 0.0), full]
    return Strip("sidewalk", tapered(table), height=(KERB_M, KERB_M), surface="paving")


def _name(aisle: int, side: int) -> str:
    """Id of the junction at the west (0) or east end of an aisle; -1: on the street."""
    return str(102 + 2 * aisle + side)
