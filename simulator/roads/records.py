"""What a road network is made of: plain frozen records, named after the OpenDRIVE elements they hold.

Units are metres, radians, metres per second. `s` runs along the reference line of a road, `t` to its left.
Positions inside a lane section (`ds`, `sOffset` in the file) are distances from the section's start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NO_CUBICS: Array = np.zeros((0, 5))
NO_HEIGHTS: Array = np.zeros((0, 3))
NO_CUBICS.flags.writeable = NO_HEIGHTS.flags.writeable = False

# Lane types that cars may drive on.
DRIVABLE = frozenset(
    (
        *("driving", "entry", "exit", "onRamp", "offRamp", "connectingRamp", "slipLane", "shared", "bidirectional"),
        *("bus", "taxi", "HOV", "mwyEntry", "mwyExit"),
    )
)
LANE_TYPES = DRIVABLE | frozenset(
    (
        *("none", "stop", "shoulder", "biking", "sidewalk", "border", "restricted", "parking", "median", "curb"),
        *("special1", "special2", "special3", "roadWorks", "tram", "rail", "walking"),
    )
)


class LaneKey(NamedTuple):
    """One lane of one lane section: road id, index of the section along the road, lane id."""

    road: str
    section: int
    lane: int


@dataclass(frozen=True, slots=True)
class Link:
    """What follows or precedes a road: `kind` is "road" or "junction"; `contact` "start", "end" or "" (junction).

    `s` and `direction` ("+" or "-") name a point inside the other road; only virtual junctions use them.
    """

    kind: str
    id: str
    contact: str = ""
    s: float | None = None
    direction: str = ""


@dataclass(frozen=True, slots=True)
class MarkLine:
    """One painted line of a road mark: dashes of `length` and gaps of `space` (0: continuous), over and over.

    `repeats` False (an <explicit> line): one single dash of `length` at `s`. `t` is measured from the lane boundary
    (positive to the left), `s` from the start of the mark; `width` 0 means the mark's own; `rule` is the passing
    rule as written in the file.
    """

    length: float
    space: float
    t: float = 0.0
    s: float = 0.0
    width: float = 0.0
    color: str = ""
    rule: str = ""
    repeats: bool = True


@dataclass(frozen=True, slots=True)
class RoadMark:
    """The mark on the outer boundary of a lane (of lane 0: on the centre line), from `ds` until the next mark.

    Attributes:
        type: "none", "solid", "broken", "solid solid", "solid broken", "broken solid", "broken broken",
            "botts dots", "grass", "curb", "custom" or "edge".
        width: of a line, 0: by the weight.
        lines: explicit lines; empty: the usual look of the type.
        sway: rows ds, a, b, c, d: cubics of how far the lines stray to the left of the boundary.
        lane_change: "increase", "decrease", "both", "none" or "".
    """

    ds: float
    type: str
    weight: str = "standard"
    color: str = "standard"
    width: float = 0.0
    height: float = 0.0
    lane_change: str = ""
    material: str = "standard"
    lines: tuple[MarkLine, ...] = ()
    sway: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class LaneMaterial:
    """Surface of a lane from `ds` on: friction coefficient, roughness (m), and the file's own surface code."""

    ds: float
    friction: float = 0.0
    roughness: float = 0.0
    surface: str = ""


@dataclass(frozen=True, slots=True)
class LaneAccess:
    """Who may ("allow") or must not ("deny") use a lane from `ds` on: "bus", "bicycle", "pedestrian", ..."""

    ds: float
    rule: str
    restriction: str


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """A lane of a lane section. Ids are positive to the left of lane 0, negative to its right.

    Attributes:
        widths: (K, 5) cubics ds, a, b, c, d of the width; empty for lane 0 and for lanes given by borders.
        borders: (K, 5) cubics of the outer border's t from the reference line; used when there are no widths.
        heights: (K, 3) ds, inner, outer: height above the road plane at the two edges, linear in between.
        level: kept out of superelevation.
        direction: of the traffic: "standard" (by the id and the rule of the road), "reversed" or "both".
        predecessors, successors: lane ids in the previous and next section, or linked road, in the direction of s.
        speeds: (ds, m/s) limits; infinite: none.
    """

    id: int
    type: str
    widths: Array = field(default_factory=lambda: NO_CUBICS)
    borders: Array = field(default_factory=lambda: NO_CUBICS)
    heights: Array = field(default_factory=lambda: NO_HEIGHTS)
    level: bool = False
    marks: tuple[RoadMark, ...] = ()
    predecessors: tuple[int, ...] = ()
    successors: tuple[int, ...] = ()
    speeds: tuple[tuple[float, float], ...] = ()
    materials: tuple[LaneMaterial, ...] = ()
    access: tuple[LaneAccess, ...] = ()
    direction: str = "standard"

    @property
    def predecessor(self) -> int | None:
        """First linked lane at the start of the section, None without a link."""
        return self.predecessors[0] if self.predecessors else None

    @property
    def successor(self) -> int | None:
        """First linked lane at the end of the section, None without a link."""
        return self.successors[0] if self.successors else None


@dataclass(frozen=True, slots=True, eq=False)
class LaneSection:
    """A stretch s0..s1 of a road with a constant set of lanes, sorted from left to right, lane 0 included."""

    s0: float
    s1: float
    lanes: tuple[Lane, ...]

    @property
    def length(self) -> float:
        """Length along the reference line in metres."""
        return self.s1 - self.s0

    def lane(self, lane_id: int) -> Lane:
        """The lane with this id; KeyError when there is none."""
        for lane in self.lanes:
            if lane.id == lane_id:
                return lane
        raise KeyError(lane_id)


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceStrip:
    """A strip of a cross-section: its height is a cubic in t with coefficients that are cubics in s (OpenDRIVE 1.8).

    Attributes:
        id: 1 and -1: the inner strips left and right of the offset; 2 and -2: those beyond.
        mode: "independent", or "relative": an outer strip adds to the height of the inner one's outer edge.
        width: (K, 5) cubics s, a, b, c, d; empty: the strip has no end.
        powers: factors of t^0 to t^3, each (K, 5) cubics in s; t counts from the strip's inner edge, positive left.
    """

    id: int
    mode: str
    width: Array
    powers: tuple[Array, Array, Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class CrossSectionSurface:
    """Shape of a road's surface across, over its whole length: strips from `offset` (K, 5), the t of their middle."""

    offset: Array
    strips: tuple[SurfaceStrip, ...]


@dataclass(frozen=True, slots=True)
class RoadType:
    """Kind of road from `s` on ("town", "motorway", "rural", ...) and its limit in m/s (None: not given, inf: none)."""

    s: float
    type: str
    speed: float | None = None
    country: str = ""


@dataclass(frozen=True, slots=True)
class LaneValidity:
    """Range of lane ids that a signal or object applies to."""

    from_lane: int
    to_lane: int


@dataclass(frozen=True, slots=True)
class SignalPosition:
    """Where a signal physically stands: `place` is s, t, z above the road (of a road) or world x, y, z (road "").

    `heading` is added to the road's direction, or is that in the world.
    """

    road: str
    place: tuple[float, float, float]
    heading: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A traffic light or sign beside or above a road. `z` is the height of its lower edge above the road at (s, t).

    `orientation` "+": for traffic in the direction of s, "-": against it, "none": both; `heading` is added to the
    road's (orientation "+") or the opposite one. `country`, `type` and `subtype` name the sign, `value` its number.
    `stands` is where it physically is, if elsewhere; `dependencies` are (id, type) of signals that limit this one,
    `references` (element type, id, type) of what it belongs to.
    """

    id: str
    s: float
    t: float
    z: float = 0.0
    type: str = ""
    subtype: str = ""
    name: str = ""
    dynamic: bool = False
    orientation: str = "none"
    country: str = ""
    country_revision: str = ""
    value: float | None = None
    unit: str = ""
    text: str = ""
    height: float = 0.0
    width: float = 0.0
    heading: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    validity: tuple[LaneValidity, ...] = ()
    stands: SignalPosition | None = None
    dependencies: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SignalReference:
    """A signal of another road that also applies at (s, t) of this one."""

    id: str
    s: float
    t: float
    orientation: str = "none"
    validity: tuple[LaneValidity, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Corners of an object. `corners` is (C, 4): u, v, z, height in the object's frame ("local") or
    s, t, dz, height on the road ("road"); `corner_ids` (C,) their ids, "" without one."""

    frame: str
    corners: Array
    closed: bool = True
    outer: bool = True
    id: str = ""
    fill: str = ""
    corner_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectMarking:
    """A line painted along a `side` of an object ("left", "right", "front", "rear") or along the named `corners`.

    Dashes of `length` and gaps of `space` (0: continuous), leaving out `start` and `stop` metres at the ends.
    """

    side: str = ""
    color: str = "white"
    width: float = 0.12
    length: float = 0.0
    space: float = 0.0
    start: float = 0.0
    stop: float = 0.0
    corners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectBorder:
    """A kerb ("concrete", "curb") or line ("paint") along an outline, or only along the named `corners`."""

    outline: str
    type: str
    width: float
    corners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectMaterial:
    """What an object is made of: the file's own surface code, friction, roughness (m), colour of its paint."""

    surface: str = ""
    friction: float = 0.0
    roughness: float = 0.0
    color: str = ""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row of copies of an object, or one long object where `distance` is 0, from `s` over `length`.

    Pairs are values at the start and at the end; None: the object's own.
    """

    s: float
    length: float
    distance: float
    t: tuple[float, float]
    z: tuple[float, float] = (0.0, 0.0)
    width: tuple[float, float] | None = None
    height: tuple[float, float] | None = None
    object_length: tuple[float, float] | None = None
    radius: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RoadObject:
    """A thing on or beside a road: pole, tree, barrier, crosswalk, parking space, building, ...

    Its frame: origin at (s, t, z above the road), turned by `heading` from the road's direction.
    """

    id: str
    s: float
    t: float
    z: float = 0.0
    type: str = ""
    subtype: str = ""
    name: str = ""
    orientation: str = "none"
    heading: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    length: float = 0.0
    width: float = 0.0
    radius: float = 0.0
    height: float = 0.0
    valid_length: float = 0.0
    dynamic: bool = False
    outlines: tuple[Outline, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    parking_access: str = ""
    validity: tuple[LaneValidity, ...] = ()
    markings: tuple[ObjectMarking, ...] = ()
    borders: tuple[ObjectBorder, ...] = ()
    materials: tuple[ObjectMaterial, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object of another road that also counts at (s, t) of this one; it stands where its own road says."""

    id: str
    s: float
    t: float
    z: float = 0.0
    valid_length: float = 0.0
    orientation: str = "none"
    validity: tuple[LaneValidity, ...] = ()


@dataclass(frozen=True, slots=True)
class Structure:
    """A tunnel or bridge over a stretch of a road (`kind`: "tunnel" or "bridge"); lighting and daylight 0..1."""

    kind: str
    id: str
    s: float
    length: float
    type: str = ""
    name: str = ""
    lighting: float = 0.0
    daylight: float = 0.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A way through a junction: from `incoming_road` over `connecting_road` (entered at its `contact`).

    In a direct junction (OpenDRIVE 1.7) `connecting_road` is the linked road itself. Lane links are (from, to).
    """

    id: str
    incoming_road: str
    connecting_road: str
    contact: str
    lane_links: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Junction:
    """A place where roads meet; `type` is "default", "direct", "virtual" or "crossing".

    A virtual junction lies on its `main_road` from s_start to s_end, for traffic of the `orientation` "+", "-" or
    "none" (both), and does not interrupt that road.
    """

    id: str
    name: str = ""
    type: str = "default"
    connections: tuple[Connection, ...] = ()
    controllers: tuple[str, ...] = ()
    priorities: tuple[tuple[str, str], ...] = ()
    main_road: str = ""
    s_start: float = 0.0
    s_end: float = 0.0
    orientation: str = ""


@dataclass(frozen=True, slots=True)
class JunctionGroup:
    """Junctions that belong together, such as those of a roundabout; `type` is "roundabout" or "unknown"."""

    id: str
    name: str = ""
    type: str = "unknown"
    junctions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Controller:
    """Signals that switch together: (signal id, type) pairs."""

    id: str
    name: str = ""
    sequence: int | None = None
    controls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """A railway switch: tracks are (road id, s, "+" or "-"); `position` "dynamic", "straight" or "turn"."""

    id: str
    name: str
    position: str
    main: tuple[str, float, str]
    side: tuple[str, float, str]
    partner: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform of a station: segments are (road id, s start, s end, "left" or "right")."""

    id: str
    name: str
    segments: tuple[tuple[str, float, float, str], ...]


@dataclass(frozen=True, slots=True)
class Station:
    """A station of trams or trains; `type` "small", "medium" or "large"."""

    id: str
    name: str
    type: str
    platforms: tuple[Platform, ...]
