"""Roundabouts: a ring with its arms, splitter islands, crossings, yield lines and signs.

Every arm is two one-way roads that touch along its axis until the splitter island parts them. At each arm the ring has
a junction: the ring goes on as its innermost lane, the exit leaves with all lanes of the ring, the entry brings as
many. So an outer lane of the ring always leaves at the next exit, and nobody crosses the path of another in the ring.

Dimensions follow NCHRP Report 672 (Roundabouts: An Informational Guide, 2010), chapter 6, and, for the kerb radii of
compact ones, the Merkblatt fuer die Anlage von Kreisverkehren (FGSV 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely

from simulator.errors import InputError
from simulator.numerics.rng import generator
from simulator.roads.cross_section import (
    KERB_M,
    NO_MARK,
    CrossSection,
    Strip,
    dashed_mark,
    eased,
    line_mark,
    strip,
    tapered,
)
from simulator.roads.junction_features import GIVE_WAY, area
from simulator.roads.junction_layout import Arm
from simulator.roads.layout import Plan, Pose
from simulator.roads.network import RoadNetwork
from simulator.roads.polynomial import Array, cubic, hermite
from simulator.roads.records import (
    Connection,
    Junction,
    JunctionGroup,
    LaneSection,
    Link,
    ObjectReference,
    Outline,
    RoadMark,
    RoadObject,
    Signal,
)
from simulator.roads.reference import ReferenceLine
from simulator.roads.road import Road
from simulator.roads.street import plain_road

# Radius of the inscribed circle: default and limits. Diameters of 27 to 55 m with one lane, 46 to 91 m with two
# (NCHRP 672, exhibits 1-9 and 6-9); five arms need the larger ones.
_RADIUS_M = {1: (18.0, 13.5, 40.0), 2: (27.0, 23.0, 50.0)}
_MORE_PER_ARM_M = 5.0  # beyond four
_RING_LANE_M = {1: 5.0, 2: 4.5}  # circulatory roadway: 4.8 to 6.1 m with one lane, 8.5 to 9.8 m with two
_ENTRY_LANE_M = {1: 4.3, 2: 3.8}  # entry width 4.2 to 5.5 m, 7.3 to 9.1 m with two lanes
_ARM_LANE_M = 3.5
_KERB_RADIUS_M = (15.0, 8.0)  # of entries and exits: 15 to 30 m, 10 to 16 m where it is tight; wanted, least
_SPLITTER_M = {True: 20.0, False: 45.0}  # length of the island: 15 m and more in towns, 46 m in the country
_HALF_SPLITTER_M = 1.6  # refuges at least 1.8 m wide
_SETBACK_M = 6.5  # from the circle to the crossing: one car, 6 to 7.5 m
_CROSSING_M = 3.0
_LEAST_SEGMENT_M = 3.0  # of the ring between an entry and the next exit
_YIELD_GAP_M = 0.3  # from the circle to the yield line
_YIELD_LINE_M = 0.5  # depth of the yield line (RMS: 0.5 m dashes, 0.25 m gaps)
_ISLAND_GAP_M = 0.4  # from the lanes to the kerb of a splitter island
_APRON_M, _APRON_HEIGHT_M = 1.5, 0.04
_ISLAND = (  # to the left of the ring: truck apron, kerb, edge of the central island
    strip("restricted", _APRON_M, height=_APRON_HEIGHT_M, surface="paving"),
    strip("curb", 0.15, height=KERB_M, surface="concrete"),
    strip("median", 1.5, height=KERB_M, surface="grass"),
)
_RING_KMH = 30.0
_SIDEWALK_M = 2.5


def roundabout(
    arms: int = 4,
    *,
    lanes: int = 1,
    radius_m: float | None = None,
    arm_m: float = 100.0,
    sidewalks: bool = True,
    speed_kmh: float = 50.0,
    angles_deg: Sequence[float] | None = None,
    seed: int | None = None,
) -> RoadNetwork:
    """A roundabout of 3 to 5 arms with 1 or 2 lanes in the ring, in the arms' approaches and in their exits.

    Roads by id, k being the number of the arm, counter-clockwise: "1k" its entry, "2k" its exit, "3k" the ring from
    arm k to the next one; in the junctions "10k": "4k" through the ring, "5k" the entry, "6k" the exit. All traffic
    drives with s, on lane -1 (the inner one) and -2.

    Args:
        radius_m: of the inscribed circle, the outer edge of the ring; None: usual for the lanes and arms.
        arm_m: length of the arms from the centre.
        sidewalks: in a town, with pavements, crossings and 50 km/h; otherwise in the country, with longer islands.
        angles_deg: directions of the arms, ascending; None: evenly spaced.
        seed: turns evenly spaced arms by some degrees, as far as there is room.

    Raises:
        InputError: numbers out of range, or arms too close together for the radius.
    """
    if not 3 <= arms <= 5:
        raise InputError(f"arms={arms}: 3 to 5 are accepted")
    if lanes not in (1, 2):
        raise InputError(f"lanes={lanes}: a roundabout has 1 or 2")
    usual, least, most = _RADIUS_M[lanes]
    radius = usual + _MORE_PER_ARM_M * max(arms - 4, 0) if radius_m is None else radius_m
    if not least <= radius <= most:
        raise InputError(f"radius_m={radius:g}: {least:g} to {most:g} m are accepted with lanes={lanes}")
    directions = _directions(arms, angles_deg)
    shape = _Shape(radius, lanes, directions, sidewalks, arm_m, speed_kmh)
    if seed is not None and angles_deg is None:
        room = 0.5 * shape.spare
        turns = generator(seed, "roads", "roundabout").uniform(-1.0, 1.0, arms)
        shape = _Shape(radius, lanes, directions + turns * min(room, np.deg2rad(12.0)), sidewalks, arm_m, speed_kmh)
    if arm_m < shape.approach + 10.0:
        raise InputError(f"arm_m={arm_m:g}: at least {np.ceil(shape.approach + 10.0):g} m are needed here")
    return _build(shape)


def _directions(arms: int, angles_deg: Sequence[float] | None) -> Array:
    if angles_deg is None:
        return 2.0 * np.pi * np.arange(arms) / arms
    angles = np.deg2rad(np.asarray(angles_deg, np.float64))
    turns = np.diff(np.append(angles, angles[:1] + 2.0 * np.pi))
    if angles.shape != (arms,) or not np.isfinite(angles).all() or turns.min() <= 0.0:
        raise InputError(f"angles_deg={list(angles_deg)}: {arms} ascending angles within one turn are needed")
    return angles


@dataclass(frozen=True)
class _Shape:
    """Sizes of a roundabout around the origin; radii and offsets are those of the left edges of the traffic's lanes.

    Attributes:
        radius: of the inscribed circle.
        directions: (A,) of the arms' axes, rad.
        urban: with pavements.
    """

    radius: float
    lanes: int
    directions: Array
    urban: bool
    arm_m: float
    speed_kmh: float

    @property
    def inner(self) -> float:
        """Radius of the inner edge of the ring's lanes."""
        return self.radius - self.lanes * _RING_LANE_M[self.lanes]

    @property
    def gaps(self) -> Array:
        """(A,) angles from each arm to the next one."""
        return np.diff(np.append(self.directions, self.directions[0] + 2.0 * np.pi))

    @cached_property
    def bend(self) -> float:
        """Radius of entries and exits at their left edge: the largest that leaves something of the ring."""
        wide = self.lanes * _ENTRY_LANE_M[self.lanes]
        for kerb in np.arange(*_KERB_RADIUS_M, -0.25):
            if self._spare(kerb + wide) >= 0.0:
                return float(kerb + wide)
        least = self._spare(_KERB_RADIUS_M[1] + wide)
        raise InputError(
            f"there is no room for arms {np.rad2deg(self.gaps.min()):.0f} degrees apart at radius_m={self.radius:g}:"
            f" {np.rad2deg(-least):.0f} degrees, or a larger radius, are missing"
        )

    def _spare(self, bend: float) -> float:
        """Angle that is left between the two closest arms."""
        return float(self.gaps.min() - 2.0 * self._join(bend) - _LEAST_SEGMENT_M / self.inner)

    @property
    def spare(self) -> float:
        """Angle by which the two closest arms may come closer still."""
        return self._spare(self.bend)

    def _corner(self, bend: float) -> float:
        """Distance from the centre, along the axis, of the point where the bend of an entry begins."""
        return float(np.sqrt((self.inner + bend) ** 2 - (_HALF_SPLITTER_M + bend) ** 2))

    def _join(self, bend: float) -> float:
        return float(np.arctan2(_HALF_SPLITTER_M + bend, self._corner(bend)))

    @property
    def corner(self) -> float:
        """Distance from the centre, along the axis, of the point where the bend of an entry begins."""
        return self._corner(self.bend)

    @property
    def join(self) -> float:
        """Angle from an arm's axis to where its entry, or exit, touches the ring."""
        return self._join(self.bend)

    @property
    def yielding(self) -> float:
        """Angle of the bend between the yield line and the ring."""
        a, b, d = self.inner + self.bend, self.bend, self.radius + _YIELD_GAP_M
        return float(np.arccos((a * a + b * b - d * d) / (2.0 * a * b)))

    @property
    def crossing(self) -> tuple[float, float]:
        """Distances from the centre, along the axis, between which people cross."""
        near = max(self.radius + _SETBACK_M, self.corner + 0.2)
        return near, near + _CROSSING_M

    @property
    def approach(self) -> float:
        """Distance from the centre at which the splitter island begins."""
        return self.flat + _SPLITTER_M[self.urban]

    @property
    def flat(self) -> float:
        """Distance from the centre, along the axis, at which the splitter island has its full width."""
        return max(self.corner, self.crossing[1] if self.urban else 0.0)

    @property
    def outside(self) -> tuple[Strip, ...]:
        """What lies to the right of the traffic."""
        if self.urban:
            walk = strip("sidewalk", _SIDEWALK_M, height=KERB_M, surface="paving")
            return strip("curb", 0.15, height=KERB_M, surface="concrete"), walk
        return strip("shoulder", 0.5), strip("border", 1.5, surface="grass")

    def driving(self, width: Array, count: int | None = None) -> tuple[Strip, ...]:
        """The lanes of one direction, from the left; `count` of them, None: all."""
        edge = NO_MARK if self.urban or count is not None else line_mark(0.12)
        marks = [dashed_mark(0.12, 3.0, 3.0)] * (self.lanes - 1) + [edge]
        return tuple(Strip("driving", width, (mark,)) for mark in marks[-(count or self.lanes) :])


def _build(shape: _Shape) -> RoadNetwork:
    arms = [_Arm(shape, number) for number in range(len(shape.directions))]
    roads: dict[str, Road] = {}
    for arm in arms:
        after = arms[(arm.number + 1) % len(arms)]
        roads |= {road.id: road for road in arm.roads(arms[arm.number - 1], after)}
        roads[arm.entry] = arm.furnished(roads[arm.entry])
        if shape.urban:
            roads[arm.exit] = replace(roads[arm.exit], object_references=(arm.crossing_again,))
    junctions = {arm.junction: arm.crossroads(arms[arm.number - 1]) for arm in arms}
    group = JunctionGroup("1", "roundabout", "roundabout", tuple(junctions))
    ordered = {name: roads[name] for name in sorted(roads)}
    return RoadNetwork(ordered, junctions, junction_groups={"1": group}, name="roundabout")


class _Arm:
    """The roads of one arm: entry and exit, their ways through the junction, and the ring up to the next arm."""

    def __init__(self, shape: _Shape, number: int) -> None:
        self.shape, self.number = shape, number
        self.axis = Pose(0.0, 0.0, float(shape.directions[number]))
        self.junction = f"10{number}"
        self.entry, self.exit, self.ring = f"1{number}", f"2{number}", f"3{number}"
        self.through, self.entering, self.leaving = f"4{number}", f"5{number}", f"6{number}"
        # Bends turn right, and the yield line parts them into a piece before the junction and one within.
        inside = shape.bend * shape.yielding
        outside = shape.bend * (0.5 * np.pi - shape.join) - inside
        tangent, k = shape.flat - shape.corner, -1.0 / shape.bend
        self.way_in = Plan(self.axis.moved(shape.arm_m).back()).line(shape.arm_m - shape.approach)
        self.parts_at = self.way_in.length
        self.way_in.to(self.axis.moved(shape.flat, _HALF_SPLITTER_M).back(), 1.0).line(tangent).arc(k, outside)
        self.way_on = Plan(self.way_in.end).arc(k, inside)
        self.way_off = Plan(self.on_ring(-1.0)).arc(k, inside)
        self.way_out = Plan(self.way_off.end).arc(k, outside).line(tangent).to(self.axis.moved(shape.approach), 1.0)
        self.meets_at = self.way_out.length
        self.way_out.line(shape.arm_m - shape.approach)
        self.crossing_s = self.way_in.length - outside - 0.5 * sum(shape.crossing) + shape.corner
        wide = _ENTRY_LANE_M[shape.lanes]
        opens = [(0.0, _ARM_LANE_M), (self.parts_at, _ARM_LANE_M), (self.way_in.length, wide)]
        self.entry_side = self._divided(shape.driving(tapered(opens)), self._zebra(entry=True)) + shape.outside

    def on_ring(self, side: float) -> Pose:
        """Where the entry (side 1) or exit (-1) of the arm touches the ring, in the direction of traffic."""
        return self.axis.turned(side * self.shape.join).moved(self.shape.inner).turned(0.5 * np.pi)

    # ---- roads

    def roads(self, before: _Arm, after: _Arm) -> list[Road]:
        """All roads of the arm."""
        shape = self.shape
        wide, ring = _ENTRY_LANE_M[shape.lanes], _RING_LANE_M[shape.lanes]
        turn = float(np.mod(after.axis.heading - self.axis.heading, 2.0 * np.pi)) - 2.0 * shape.join
        arc = Plan(self.on_ring(1.0)).arc(1.0 / shape.inner, turn * shape.inner)
        over = Plan(self.on_ring(-1.0)).arc(1.0 / shape.inner, 2.0 * shape.join * shape.inner)
        narrows = shape.driving(tapered([(0.0, wide), (self.meets_at, _ARM_LANE_M)]))
        leaves = self._divided(narrows, self._zebra(entry=False)) + shape.outside
        ring_side = shape.driving(cubic(0.0, ring))
        entering = shape.driving(eased(wide, ring, self.way_on.length)) + shape.outside
        leaving = shape.driving(eased(ring, wide, self.way_off.length)) + shape.outside
        here, there = Link("junction", self.junction), Link("junction", after.junction)
        median, beside = self._median(self.way_in), self._median(self.way_out)
        joined = self._edge(self._zebra(entry=True))
        parted = (
            *self._edge(self._zebra(entry=False)),
            replace(NO_MARK, ds=self.meets_at),
        )  # the entry paints the rest
        return [
            self._road(self.entry, self.way_in, CrossSection(median, self.entry_side, joined), None, here),
            self._road(self.exit, self.way_out, CrossSection(beside, leaves, parted), here, None),
            self._road(self.ring, arc, CrossSection(_ISLAND, ring_side + shape.outside), here, there),
            self._way(self.through, over, CrossSection(_ISLAND, shape.driving(cubic(0.0, ring), 1)), before.ring),
            self._way(self.entering, self.way_on, CrossSection(self._nose(median, 1), entering), self.entry),
            self._way(self.leaving, self.way_off, CrossSection(self._nose(beside, 0), leaving), before.ring, self.exit),
        ]

    def _road(
        self, name: str, plan: Plan, section: CrossSection, predecessor: Link | None, successor: Link | None
    ) -> Road:
        kind, speed = "town" if self.shape.urban else "rural", self.shape.speed_kmh
        if name not in (self.entry, self.exit):
            speed = min(speed, _RING_KMH)
        return plain_road(name, plan, section, kind, speed, predecessor=predecessor, successor=successor)

    def _way(self, name: str, plan: Plan, section: CrossSection, source: str, target: str = "") -> Road:
        """A way through the junction, onto the ring or a `target`; its lanes go on as those of the same ids."""
        links = Link("road", source, "end"), Link("road", target or self.ring, "start")
        lanes = section.lanes(lambda lane: self._goes_on(name, lane))
        road = self._road(name, plan, section, *links)
        return replace(road, junction=self.junction, sections=(LaneSection(0.0, plan.length, lanes),))

    def _zebra(self, *, entry: bool) -> tuple[float, float] | None:
        """Stations between which people cross the entry or exit; None: nobody does."""
        middle = self.crossing_s if entry else self.way_in.length - self.crossing_s
        return (middle - 0.5 * _CROSSING_M, middle + 0.5 * _CROSSING_M) if self.shape.urban else None

    @staticmethod
    def _edge(zebra: tuple[float, float] | None) -> tuple[RoadMark, ...]:
        """The line along the left edge of an entry or exit, not on the crossing."""
        line = line_mark(0.12)
        return (line,) if zebra is None else (line, replace(NO_MARK, ds=zebra[0]), replace(line, ds=zebra[1]))

    def _divided(self, lanes: tuple[Strip, ...], zebra: tuple[float, float] | None) -> tuple[Strip, ...]:
        """Lanes of an entry or exit, with no lines between them from the crossing to the ring."""
        if zebra is None:
            return lanes
        start, end = zebra
        inwards = start > 0.5 * self.way_in.length
        divided = []
        for lane in lanes[:-1]:
            mark = lane.marks[0]
            marks = (mark, replace(NO_MARK, ds=start)) if inwards else (NO_MARK, replace(mark, ds=end))
            divided.append(replace(lane, marks=marks))
        return (*divided, lanes[-1])

    def _goes_on(self, name: str, lane: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Links of a lane on a way through the junction; what lies between entry and exit ends at the ring."""
        ends = lane > 0 and name != self.through
        return () if ends and name == self.leaving else (lane,), () if ends and name == self.entering else (lane,)

    def _nose(self, median: tuple[Strip, ...], last: int) -> tuple[Strip, ...]:
        """What is left of a median on the way onto the ring (`last` 1) or off it: it narrows towards the ring."""
        length = self.way_on.length
        width = median[0].width_at(last * self.way_in.length)
        widths = eased(width, 0.0, length) if last else eased(0.0, width, length)
        return (replace(median[0], width=widths),)

    def _median(self, plan: Plan) -> tuple[Strip, ...]:
        """The strip between an entry or exit and the axis of the arm, as wide as the two lie apart."""
        parts = [1 if item.kind == "line" else int(np.ceil(item.length)) for item in plan.geometry]
        pieces = [item.s + item.length * np.arange(count) / count for item, count in zip(plan.geometry, parts)]
        s = np.append(np.concatenate(pieces), plan.length)
        x, y, heading, curvature = ReferenceLine(plan.geometry).evaluate(s)
        away = np.abs(y * np.cos(self.axis.heading) - x * np.sin(self.axis.heading))
        angle = heading - self.axis.heading
        cos, sin = np.abs(np.cos(angle)), np.sin(angle) * np.sign(np.cos(angle))
        away[away < 1e-9] = 0.0
        width, slope = away / cos, -sin / cos + away * sin * curvature / cos**2
        return (Strip("restricted", hermite(s, width, slope)),)

    # ---- the junction, and what stands there

    def crossroads(self, before: _Arm) -> Junction:
        """Ring, exit and entry; the ring has priority."""
        lanes = tuple((-k, -k) for k in range(1, self.shape.lanes + len(self.shape.outside) + 1))
        connections = (
            Connection("0", before.ring, self.through, "start", lanes[:1]),
            Connection("1", before.ring, self.leaving, "start", lanes),
            Connection("2", self.entry, self.entering, "start", lanes),
        )
        priorities = ((self.through, self.entering),)
        return Junction(self.junction, f"arm {self.number}", connections=connections, priorities=priorities)

    def furnished(self, entry: Road) -> Road:
        """The entry with its signs and yield line, the crossing over both carriageways, and the splitter islands."""
        end = self.way_in.length
        kerb, arm = self._kerb(end), Arm(self.entry, "end", self.way_in.end, (), ())
        line = area(self._id(0), "roadMark", "yieldLine", "yield line", arm, entry, (0.0, 0.5), (0.1, kerb - 0.1))
        things = [line]
        if self.shape.urban:
            back = end - self.crossing_s - 0.5 * _CROSSING_M, end - self.crossing_s + 0.5 * _CROSSING_M
            out = self._kerb(self.crossing_s)
            right = (-out - 2.0 * _HALF_SPLITTER_M, out)
            things.append(area(self._id(1), "crosswalk", "zebra", "crossing", arm, entry, back, right))
        things += [self._island(2 + k, shape, entry) for k, shape in enumerate(self._islands())]
        sign = Signal(self._id(0), end - 1.0, -kerb - 0.6, z=2.6, orientation="+", country="DE", subtype="-1")
        signs = (
            replace(sign, type=GIVE_WAY, name="give way", height=0.9, width=0.9),
            replace(sign, id=self._id(1), z=1.9, type="215", name="roundabout", height=0.6, width=0.6),
        )
        return replace(entry, signals=signs, objects=tuple(things))

    def _id(self, number: int) -> str:
        """Id of the signal or object of this number at this arm."""
        return str(10 * (self.number + 1) + number)

    def _kerb(self, s: float) -> float:
        """Distance of the kerb from the left edge of the entry's lanes."""
        return sum(item.width_at(s) for item in self.entry_side if item.type == "driving")

    @property
    def crossing_again(self) -> ObjectReference:
        """The crossing, as it is on the exit."""
        s = self.way_in.length - self.crossing_s  # entry and exit are mirror images
        return ObjectReference(self._id(1), s, _HALF_SPLITTER_M, valid_length=_CROSSING_M)

    def _islands(self) -> list[shapely.Polygon]:
        """Outlines of the raised islands between entry and exit: in towns two, with the crossing between them."""
        ways = [_points(self.way_in, self.parts_at + 1.0), _points(self.way_on), _points(self.way_off)]
        ways.append(_points(self.way_out, end=self.meets_at - 1.0))
        ring = self.shape.inner + _RING_LANE_M[self.shape.lanes] + _ISLAND_GAP_M
        land = shapely.Polygon(np.concatenate(ways)).difference(shapely.Point(0.0, 0.0).buffer(ring, 64))
        if self.shape.urban:
            path = shapely.LineString([self.axis.moved(x)[:2] for x in self.shape.crossing])
            land = land.difference(path.buffer(10.0, cap_style="flat"))
        land = land.buffer(-_ISLAND_GAP_M - 0.3).buffer(0.3, 4)
        return [part.simplify(0.02) for part in shapely.get_parts(land) if part.area > 1.0]

    def _island(self, number: int, shape: shapely.Polygon, entry: Road) -> RoadObject:
        """A kerbed island of this outline in the world."""
        s = float(np.clip(self.parts_at + 1.0, 0.0, entry.length))
        x, y, heading, _ = entry.reference([s])
        away = shapely.get_coordinates(shapely.orient_polygons(shape).exterior)[:-1] - [x[0], y[0]]
        cos, sin = np.cos(heading[0]), np.sin(heading[0])
        corners = np.column_stack(
            [away @ [cos, sin], away @ [-sin, cos], np.zeros(len(away)), np.full(len(away), KERB_M)]
        )
        low, high = corners[:, :2].min(axis=0), corners[:, :2].max(axis=0)
        fill = "concrete" if self.shape.urban else "grass"
        return RoadObject(
            self._id(number),
            s,
            0.0,
            type="trafficIsland",
            name="splitter island",
            length=float(high[0] - low[0]),
            width=float(high[1] - low[1]),
            height=KERB_M,
            outlines=(Outline("local", corners, fill=fill),),
        )


def _points(plan: Plan, start: float = 0.0, end: float = np.inf) -> Array:
    """(K, 2) points along a plan, about a metre apart."""
    end = min(end, plan.length)
    return np.stack(ReferenceLine(plan.geometry).evaluate(np.linspace(start, end, int(end - start) + 2))[:2], axis=1)
