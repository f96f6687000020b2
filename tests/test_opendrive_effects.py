"""Every attribute that the table of OpenDRIVE calls supported, one by one: changed in a small map, it changes what it
should, by as much as the standard says.

Each case is a map, a thing to look at, its value worked out on paper, and what it is once one attribute has another
value, or one element is taken away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from scipy.integrate import quad
from scipy.optimize import brentq
from small_maps import WIDTH, document, lane, linked, road, section

from simulator.errors import InputError
from simulator.roads import LaneKey, RoadNetwork, read_opendrive
from simulator.roads.approaches import Approach, approach_controls
from simulator.roads.coverage import ROWS
from simulator.roads.signal_meaning import applies_to
from simulator.roads.surface import surface
from simulator.roads.surface_marks import COLORS
from simulator.roads.surface_materials import SurfaceStyle
from simulator.surroundings.map_shapes import solids
from simulator.traffic.passing_zones import allows
from simulator.traffic.signals import plan_signals

PI = np.pi


class Seen:
    """A map as read, and what can be seen of it."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.road = next(iter(network.roads.values()))

    @property
    def warned(self) -> str:
        """All warnings."""
        return "\n".join(self.network.warnings)

    def point(self, s: float, t: float) -> np.ndarray:
        """World x, y, z of the first road."""
        return self.road.point(s, t)[0]

    def z(self, s: float, t: float) -> float:
        """Height of the first road."""
        return float(self.point(s, t)[2])

    def width(self, s: float, lane_id: int) -> float:
        """Width of a lane of the first road."""
        return float(self.network.lane_frame(self.road.id, lane_id, [s])[6][0])

    def ids(self, index: int) -> list[int]:
        """Ids of the lanes of a section of the first road."""
        return [each.id for each in self.road.sections[index].lanes]

    def plane(self, t: float) -> float:
        """Height at s = 30 of the plane of the road, without kerbs."""
        return float(self.road.point(30.0, t, 0.0)[0][2])

    def kerb(self, s: float, lane_id: int) -> float:
        """Height of the middle of a lane of the first road above its plane."""
        inner, outer, _, _ = self.road.lane_edges(np.array([0]), lane_id, np.array([s]))
        t = 0.5 * (inner + outer)
        up = self.road.state(np.array([s])).normal(np.array([True]))[2]
        return float((self.road.point(s, t)[0, 2] - self.road.point(s, t, 0.0)[0, 2]) / up[0])

    def left_at(self, road: str, other: str, lane_id: int = -1) -> float:
        """Station at which the traffic of a lane leaves one road for another."""
        return self.network.leaves_at(LaneKey(road, 0, lane_id), LaneKey(other, 0, lane_id))

    def limit(self, s: float, lane_id: int = -1) -> float:
        """Speed limit in m/s."""
        return float(self.road.speed_limits(0, lane_id, [s])[0])

    def after(self, road: str, lane_id: int = -1) -> list[tuple[str, int]]:
        """Roads and lanes that follow a lane."""
        return [(key.road, key.lane) for key in self.network.next_lanes(LaneKey(road, 0, lane_id))]

    @cached_property
    def paint(self) -> tuple[np.ndarray, list[str]]:
        """Corners (T, 3, 3) and colours (T) of the painted triangles."""
        ground = surface(self.network, (60.0, 20.0, 0.0), (60.0, 20.0), 80.0, style=SurfaceStyle())
        for mesh, _, name in ground.meshes:
            if name == "road_marking":
                return mesh.vertices[mesh.faces] + ground.origin, [COLORS[slot] for slot in mesh.slots]
        return np.zeros((0, 3, 3)), []

    def runs(self, t: float, color: str = "") -> list[tuple[float, float]]:
        """Stations between which there is paint beside the reference line, which runs along x from (10, 20)."""
        corners, colors = self.paint
        y = corners[..., 1] - 20.0
        mine = (y.min(axis=1) <= t) & (y.max(axis=1) >= t)
        mine &= np.array([color in ("", name) for name in colors], bool)
        found: list[tuple[float, float]] = []
        for start, end in sorted((float(x.min()) - 10.0, float(x.max()) - 10.0) for x in corners[mine][..., 0]):
            if found and start <= found[-1][1] + 1e-3:
                found[-1] = (found[-1][0], max(found[-1][1], end))
            else:
                found.append((start, end))
        return found

    def across(self, s: float) -> tuple[float, float]:
        """t of the right and left edge of the paint at a station."""
        corners = self.paint[0]
        x = corners[..., 0] - 10.0
        cut = corners[(x.min(axis=1) <= s) & (x.max(axis=1) >= s)]
        crossings = []
        for k in range(3):
            a, b = cut[:, k], cut[:, (k + 1) % 3]
            u = s + 10.0 - a[:, 0]
            width = b[:, 0] - a[:, 0]
            part = np.divide(u, width, out=np.full(len(u), -1.0), where=np.abs(width) > 1e-9)
            crossings += (a[:, 1] + part * (b[:, 1] - a[:, 1]))[(part >= 0.0) & (part <= 1.0)].tolist()
        return min(crossings) - 20.0, max(crossings) - 20.0

    def area(self, color: str = "") -> float:
        """Painted square metres."""
        corners, colors = self.paint
        u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        mine = np.array([color in ("", name) for name in colors], bool)
        return float(0.5 * np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])[mine].sum())

    def box(self, which: int = 0) -> np.ndarray:
        """Lowest and highest s, t, z (2, 3) of a shape of the first object."""
        shape = solids(self.road, self.road.objects[0])[which]
        corners = np.concatenate([shape.bottom, shape.top]) - [10.0, 20.0, 0.0]
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    def way(self) -> Approach:
        """The way from the road "in" into the junction."""
        return next(way for way in approach_controls(self.network) if way.incoming.road == "in")

    def control(self) -> tuple[str, str, float]:
        """How that way is controlled, by what, and where to stop."""
        way = self.way()
        return way.control, way.signal, way.stop_s


@dataclass(frozen=True)
class Case:
    """`of`: "parent/element@attribute", the `nth` of its kind; `new`: its other value, None: it is taken away."""

    of: str
    text: str
    probe: Callable[[Seen], object]
    before: object
    new: str | None
    after: object
    nth: int = -1


def changed(text: str, of: str, new: str | None, nth: int) -> str:
    """The text with one attribute or element changed."""
    root = etree.fromstring(text)
    path, _, attribute = of.partition("@")
    parent, _, tag = path.rpartition("/")
    found = [x for x in root.iter(tag) if not parent or (x.getparent() is not None and x.getparent().tag == parent)]
    if attribute:
        found = [x for x in found if attribute in x.attrib]
    item = found[nth]
    if not attribute:
        if item is root:
            item.tag = "other"
        else:
            item.getparent().remove(item)
    elif new is None:
        del item.attrib[attribute]
    else:
        assert item.get(attribute) != new
        item.set(attribute, new)
    return etree.tostring(root, encoding="unicode")


@cache
def _read(text: str) -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.xodr"
        path.write_text(text)
        return Seen(read_opendrive(path))


def look(text: str, probe: Callable[[Seen], object]) -> object:
    """What the probe says of a map, or the message about it."""
    try:
        return probe(_read(text))
    except InputError as error:
        return str(error)


def agree(found: object, wanted: object) -> None:
    """A wanted "~text" is part of a message; numbers agree to 2 mm."""
    if isinstance(wanted, str) and wanted.startswith("~"):
        assert wanted[1:] in str(found)
    elif isinstance(wanted, float) or (isinstance(wanted, tuple) and wanted and isinstance(wanted[0], float)):
        assert found == pytest.approx(wanted, abs=2e-3)
    else:
        assert found == wanted


# ---- cubics: each of the five numbers counts, on its own

Values = dict[str, float]
VALUES: Values = {"s": 10.0, "a": 0.1, "b": 0.01, "c": 0.0002, "d": 0.00001}
OTHER: Values = {"s": 14.0, "a": 0.2, "b": 0.015, "c": 0.0005, "d": 0.00003}
AT = 30.0


def cubic(v: Values, s: float = AT) -> float:
    """a + b ds + c ds2 + d ds3."""
    ds = s - v["s"]
    return v["a"] + v["b"] * ds + v["c"] * ds**2 + v["d"] * ds**3


def strips(inside: str) -> str:
    """A cross-section of strips."""
    return (
        "<lateralProfile><crossSectionSurface><tOffset><coefficients a='0.5'/></tOffset>"
        f"<surfaceStrips>{inside}</surfaceStrips></crossSectionSurface></lateralProfile>"
    )


def plain(profiles: str = "", right: str = lane(-1), **more: str) -> str:
    """One road with a lane on each side."""
    return document(road(section(lane(1, 6.0), right), profiles=profiles, **more))


def with_mark(inside: str) -> str:
    """One road with this mark on its centre line."""
    return document(road(section(lane(1), lane(-1), center=inside)))


def _power(name: str, power: int) -> tuple[str, str, str, Callable[[Seen], float], Callable[[Values], float]]:
    text = plain(strips(f'<strip id="1"><{name}><coefficients %/></{name}></strip>'))
    return f"{name}/coefficients", "s", text, lambda m: m.z(AT, 2.5), lambda v: 2.0**power * cubic(v)


_STRIP_1 = '<strip id="1"><width><coefficients %/></width><linear><coefficients a="0.05"/></linear></strip>'
_STRIP_2 = '<strip id="2" mode="relative"><linear><coefficients a="0.02"/></linear></strip>'
CUBICS: tuple[tuple[str, str, str, Callable[[Seen], float], Callable[[Values], float]], ...] = (
    (
        "elevationProfile/elevation",
        "s",
        plain("<elevationProfile><elevation %/></elevationProfile>"),
        lambda m: m.z(AT, 0.0),
        cubic,
    ),
    (
        "lateralProfile/superelevation",
        "s",
        plain("<lateralProfile><superelevation %/></lateralProfile>"),
        lambda m: m.z(AT, -2.0),
        lambda v: -2.0 * np.sin(cubic(v)),
    ),
    (
        "lateralProfile/crossfall",
        "s",
        plain('<lateralProfile><crossfall side="left" %/></lateralProfile>'),
        lambda m: m.z(AT, 2.0),
        lambda v: -2.0 * np.tan(cubic(v)),
    ),
    (
        "lanes/laneOffset",
        "s",
        plain(offset="<laneOffset %/>"),
        lambda m: float(m.network.lane_center("1", -1, [AT])[1][0]) - 20.0,
        lambda v: cubic(v) - 1.5,
    ),
    (
        "lane/width",
        "sOffset",
        plain(right=lane(-1, WIDTH.format(3) + "<width %/>")),
        lambda m: m.width(AT, -1),
        cubic,
    ),
    (
        "lane/border",
        "sOffset",
        plain(right=lane(-1, '<border sOffset="0" a="-3" b="0" c="0" d="0"/><border %/>')).replace(">%", ">"),
        lambda m: m.width(AT, -1),
        lambda v: -cubic(v),
    ),
    (
        "roadMark/sway",
        "ds",
        with_mark('<roadMark sOffset="0" type="solid" color="white" width="0.2"><sway %/></roadMark>'),
        lambda m: sum(m.across(AT)) / 2,
        cubic,
    ),
    (
        "tOffset/coefficients",
        "s",
        plain(strips('<strip id="1"><linear><coefficients a="0.05"/></linear></strip>')).replace(
            "<coefficients a='0.5'/>", "<coefficients %/>"
        ),
        lambda m: m.z(AT, 4.0),
        lambda v: 0.05 * (4.0 - cubic(v)),
    ),
    (
        "width/coefficients",
        "s",
        plain(strips(_STRIP_1 + _STRIP_2)),
        lambda m: m.z(AT, 4.0),
        lambda v: 0.05 * cubic(v) + 0.02 * (3.5 - cubic(v)),
    ),
    _power("constant", 0),
    _power("linear", 1),
    _power("quadratic", 2),
    _power("cubic", 3),
)


def _written(name: str, values: Values) -> str:
    return " ".join(f'{name if key == "s" else key}="{value!r}"' for key, value in values.items())


def cubic_cases() -> list[Case]:
    """Five cases for each element that holds a cubic."""
    found = []
    for of, start, text, probe, formula in CUBICS:
        sign = -1.0 if of == "lane/border" else 1.0
        values = {key: value if key == "s" else sign * value for key, value in VALUES.items()}
        given = text.replace("%", _written(start, values))
        if not of.endswith("coefficients"):
            none = 3.0 if of.startswith("lane/") else float(formula(dict.fromkeys("sabcd", 0.0)))
            found.append(Case(of, given, probe, float(formula(values)), None, none))
        for key, other in OTHER.items():
            new = other if key == "s" else sign * other
            name = start if key == "s" else key
            found.append(
                Case(f"{of}@{name}", given, probe, float(formula(values)), repr(new), formula(values | {key: new}))
            )
    return found


# ---- curves by their parameters

_CURVE = {"aU": 0.0, "bU": 60.0, "cU": 2.0, "dU": 1.0, "aV": 0.0, "bV": 0.0, "cV": 12.0, "dV": 3.0}
_OTHER_CURVE = {"aU": 0.5, "bU": 55.0, "cU": 4.0, "dU": 3.0, "aV": 0.3, "bV": 4.0, "cV": 15.0, "dV": 6.0}
_PARABOLA = {"a": 0.0, "b": 0.0, "c": 0.005, "d": 0.00002}
_OTHER_PARABOLA = {"a": 0.4, "b": 0.1, "c": 0.008, "d": 0.0001}
_ELEMENT = '<geometry s="0" x="10" y="20" hdg="0" length="{!r}">{}</geometry>'


def _run(u: np.polynomial.Polynomial, v: np.polynomial.Polynomial, p: float) -> float:
    """Length of a curve u(p), v(p) from p = 0, by quadrature."""
    return float(quad(lambda q: np.hypot(u.deriv()(q), v.deriv()(q)), 0.0, p)[0])


def _along(values: Values, end: float | None = 1.0, length: float = 0.0) -> tuple[float, float]:
    """x, y at s = 30 of a curve that is `length` long for the file and ends at the parameter `end` (None: nowhere)."""
    if end is None:
        u, v = np.polynomial.Polynomial([0.0, 1.0]), np.polynomial.Polynomial([values[key] for key in "abcd"])
    else:
        u, v = (np.polynomial.Polynomial([values[key + axis] for key in "abcd"]) for axis in "UV")
    run = AT if end is None else AT * _run(u, v, end) / length
    p = brentq(lambda p: _run(u, v, p) - run, 0.0, 100.0)
    return 10.0 + float(u(p)), 20.0 + float(v(p))


def curve_cases() -> list[Case]:
    """Each coefficient of poly3 and paramPoly3."""

    def probe(seen: Seen) -> tuple[float, float]:
        """x, y at s = 30."""
        x, y, _ = seen.point(AT, 0.0).tolist()
        return x, y

    def text(shape: str, values: Values, length: float) -> str:
        """A road of one curve."""
        written = f"<{shape} " + " ".join(f'{key}="{value!r}"' for key, value in values.items())
        plan = _ELEMENT.format(length, written + (' pRange="normalized"/>' if shape == "paramPoly3" else "/>"))
        return document(road(section(right=lane(-1)), plan, length=length))

    before = text("paramPoly3", _CURVE, 62.0), probe, _along(_CURVE, 1.0, 62.0)
    found = [
        Case(f"geometry/paramPoly3@{key}", *before, repr(new), _along(_CURVE | {key: new}, 1.0, 62.0))
        for key, new in _OTHER_CURVE.items()
    ]
    found.append(Case("geometry/paramPoly3@pRange", *before, "arcLength", _along(_CURVE, 62.0, 62.0)))
    found.append(Case("geometry/paramPoly3", *before, None, "~exactly one of line, arc"))
    before = text("poly3", _PARABOLA, 60.0), probe, _along(_PARABOLA, None)
    found += [
        Case(f"geometry/poly3@{key}", *before, repr(new), _along(_PARABOLA | {key: new}, None))
        for key, new in _OTHER_PARABOLA.items()
    ]
    return [*found, Case("geometry/poly3", *before, None, "~exactly one of line, arc")]


# ---- the file, roads, links, limits

_TWO = (
    '<geometry s="0" x="10" y="20" hdg="0" length="60"><line/></geometry>'
    '<geometry s="60" x="70" y="20" hdg="0" length="40"><{}/></geometry>'
)
ARC = document(road(section(right=lane(-1)), _TWO.format('arc curvature="0.01"')))
SPIRAL = document(road(section(right=lane(-1)), _TWO.format('spiral curvStart="0.01" curvEnd="0.03"')))


def _bend(s: float = 60.0, x: float = 70.0, y: float = 20.0, hdg: float = 0.0, k: float = 0.01) -> tuple[float, float]:
    """x, y at s = 80 of an arc."""
    end = hdg + k * (80.0 - s)
    return x + (np.sin(end) - np.sin(hdg)) / k, y + (np.cos(hdg) - np.cos(end)) / k


def _at_80(m: Seen) -> tuple[float, float]:
    return tuple(m.point(80.0, 0.0)[:2].tolist())


def _curvature(m: Seen) -> float:
    return 100.0 * float(m.road.reference([70.0])[3][0])


_GEO = "<geoReference>+proj=utm +zone=32</geoReference>"
_HEADER = plain().replace("</header>", f'{_GEO}<offset x="1" y="2" z="3" hdg="0.5"/></header>')
_TYPES = (
    '<type s="0" type="town" country="DE"><speed max="60" unit="km/h"/></type><type s="50" type="rural" country="SE"/>'
)
_TYPED = document(road(section(right=lane(-1)), before=_TYPES, more='name="High Street" rule="RHT"'))
_TO_B = 'elementType="road" elementId="b" contactPoint="start"'
_FROM_A = 'elementType="road" elementId="a" contactPoint="end"'
NEXT = document(linked("a", 0.0, after=_TO_B) + linked("b", 100.0) + linked("c", 100.0))
BACK = document(linked("b", 100.0, before=_FROM_A) + linked("a", 0.0) + linked("c", 0.0))
_MIDWAY = 'elementType="road" elementId="main" elementS="{}" elementDir="+"'
LEAVING = document(linked("main", 0.0) + linked("out", 60.0, before=_MIDWAY.format(60), junction="v"))
JOINING = document(linked("main", 0.0) + linked("in", -70.0, after=_MIDWAY.format(30), junction="v"))
FILE = (
    Case("OpenDRIVE", plain(), lambda m: list(m.network.roads), ["1"], None, "~<OpenDRIVE> is needed"),
    Case("header/geoReference", _HEADER, lambda m: m.network.geo_reference, "+proj=utm +zone=32", None, ""),
    Case("header/offset", _HEADER, lambda m: m.network.offset[0], 1.0, None, 0.0),
    *(
        Case(f"header/offset@{key}", _HEADER, lambda m, k=k: m.network.offset[k], value, "9", 9.0)
        for k, (key, value) in enumerate((("x", 1.0), ("y", 2.0), ("z", 3.0), ("hdg", 0.5)))
    ),
    Case("OpenDRIVE/road", NEXT, lambda m: list(m.network.roads), ["a", "b", "c"], None, ["a", "b"]),
    Case("road/type", _TYPED, lambda m: m.limit(55.0), 100 / 3.6, None, 60 / 3.6),
    Case("type/speed", _TYPED, lambda m: m.limit(40.0), 60 / 3.6, None, 50 / 3.6),
    Case("OpenDRIVE/road@id", _TYPED, lambda m: list(m.network.roads), ["1"], "Ring {7}", ["Ring {7}"]),
    Case("OpenDRIVE/road@length", _TYPED, lambda m: m.road.sections[0].s1, 100.0, "90", 90.0),
    Case("OpenDRIVE/road@name", _TYPED, lambda m: m.road.name, "High Street", "Low Road", "Low Road"),
    Case("OpenDRIVE/road@junction", _TYPED, lambda m: m.road.junction, "", "j", "j"),
    Case("OpenDRIVE/road@rule", _TYPED, lambda m: m.road.drives_forward(-1), True, "LHT", False),
    Case("road/type@s", _TYPED, lambda m: m.limit(55.0), 100 / 3.6, "60", 60 / 3.6),
    Case("road/type@type", _TYPED, lambda m: m.limit(55.0), 100 / 3.6, "town", 50 / 3.6),
    Case("road/type@country", _TYPED, lambda m: m.road.types[1].country, "SE", "FR", "FR"),
    Case("type/speed@max", _TYPED, lambda m: m.limit(40.0), 60 / 3.6, "no limit", 130 / 3.6),
    Case("type/speed@unit", _TYPED, lambda m: m.limit(40.0), 60 / 3.6, "mph", 60 * 0.44704),
    Case("road/link", NEXT, lambda m: m.after("a"), [("b", -1)], None, [], 0),
    Case("lane/link", NEXT, lambda m: m.after("a"), [("b", -1)], None, [], 1),
    *(
        Case(f"link/{name}{key}", text, lambda m: m.after("a"), [("b", -1)], new, after, nth)
        for name, text in (("successor", NEXT), ("predecessor", BACK))
        for key, new, after, nth in (
            ("@elementType", "junction", [], 0),
            ("@elementId", "c", [("c", -1)] if name == "successor" else [], 0),
            ("@contactPoint", "start" if name == "predecessor" else "end", [], 0),
            ("@id", "-2", [], -1),
            ("", None, [], 0),
        )
    ),
    Case("link/predecessor@elementS", LEAVING, lambda m: m.left_at("main", "out"), 60.0, "45", 45.0),
    Case("link/predecessor@elementDir", LEAVING, lambda m: m.after("main"), [("out", -1)], "-", []),
    Case("link/successor@elementS", JOINING, lambda m: m.left_at("main", "in", 1), 30.0, "45", 45.0),
    Case("link/successor@elementDir", JOINING, lambda m: m.after("in"), [("main", -1)], "-", []),
    Case("road/planView", ARC, _at_80, _bend(), None, "~no <geometry> in <planView>"),
    Case("planView/geometry", ARC, lambda m: m.warned, "", None, "~its plan view ends at s=60"),
    *(
        Case(f"planView/geometry@{key}", ARC, _at_80, _bend(), repr(new), _bend(**{key: new}))
        for key, new in {"s": 55.0, "x": 71.5, "y": 22.0, "hdg": 0.2}.items()
    ),
    Case("planView/geometry@length", SPIRAL, _curvature, 1.0 + 2.0 * 10 / 40, "50", 1.0 + 2.0 * 10 / 50),
    Case("geometry/line", ARC, _at_80, _bend(), None, "~exactly one of line, arc"),
    Case("geometry/arc", ARC, _at_80, _bend(), None, "~exactly one of line, arc"),
    Case("geometry/arc@curvature", ARC, _at_80, _bend(), "-0.02", _bend(k=-0.02)),
    Case("geometry/spiral", SPIRAL, _curvature, 1.5, None, "~exactly one of line, arc"),
    Case("geometry/spiral@curvStart", SPIRAL, _curvature, 1.5, "0.02", 2.0 + 1.0 * 10 / 40),
    Case("geometry/spiral@curvEnd", SPIRAL, _curvature, 1.5, "-0.01", 1.0 - 2.0 * 10 / 40),
)


# ---- across the road: profiles, sections, lanes

HILL = plain('<elevationProfile><elevation s="0" a="5" b="0" c="0" d="0"/></elevationProfile>')
_CONST = 'a="{}" b="0" c="0" d="0"/>'
_SHAPES = "".join(
    f'<shape s="{s}" t="{t}" {" ".join(f"""{k}="{v}" """ for k, v in zip("abcd", row))}/>'
    for s, t, row in ((0, -3, (0, 0, 0, 0)), (40, -3, (0.1, 0.02, 0.004, 0.0008)))
)
SHAPED = plain(f"<lateralProfile>{_SHAPES}</lateralProfile>")


def _shaped(s: float = 40.0, t: float = -3.0, **other: float) -> float:
    """Height at s = 30, t = 2, of the way from the flat shape at s = 0 to the other."""
    values = {"a": 0.1, "b": 0.02, "c": 0.004, "d": 0.0008} | other
    return 30.0 / s * cubic(values | {"s": t}, 2.0)


_WALK = '<height sOffset="0" inner="0.1" outer="0.2"/><height sOffset="20" inner="0.3" outer="0.5"/>'


def _banked(side: int) -> str:
    """A road that rolls by 0.1 rad, with a lane, and a level pavement beyond it, on one side."""
    lanes = lane(side, 3.0, more='direction="standard" level="false"')
    lanes += lane(2 * side, WIDTH.format(2) + _WALK, "sidewalk", 'level="true"')
    bank = f"<lateralProfile><superelevation s='0' {_CONST.format(0.1)}</lateralProfile>"
    center = section(lanes) if side > 0 else section(right=lanes)
    return document(road(center.replace('id="0" type="none"', 'id="0" type="none" level="false"'), profiles=bank))


STRIPS = plain(
    strips(
        '<strip id="1"><width><coefficients a="1.5"/></width><linear><coefficients a="0.05"/></linear></strip>'
        '<strip id="2" mode="relative"><constant><coefficients a="0.01"/></constant><quadratic><coefficients a="0.02"/>'
        '</quadratic></strip><strip id="-1"><cubic><coefficients a="0.002"/></cubic></strip>'
    )
)
_DASHED = '<roadMark sOffset="0" type="solid" color="white" width="0.12"/>'
SECTIONS = document(
    road(
        section(lane(1), lane(-1), center=_DASHED)
        + section("", lane(-1, 4.0) + lane(-2), s=50.0, more='singleSide="true"')
    )
)
_SPEEDS = '<speed sOffset="0" max="50" unit="km/h"/><speed sOffset="40" max="20" unit="mph"/>'
SPEEDS = plain(right=lane(-1, WIDTH.format(3) + _SPEEDS))
_INNER = 0.05 * 1.5  # of the strips, where the outer one begins
_EDGE = 3.0 * np.sin(0.1)  # height where the level pavement begins
ACROSS = (
    Case("road/elevationProfile", HILL, lambda m: m.z(30, 0), 5.0, None, 0.0),
    Case("elevationProfile/elevation", HILL, lambda m: m.z(30, 0), 5.0, None, 0.0),
    Case("road/lateralProfile", SHAPED, lambda m: m.z(30, 2), _shaped(), None, 0.0),
    Case("lateralProfile/shape", SHAPED, lambda m: m.z(30, 2), _shaped(), None, 0.0),
    *(
        Case(f"lateralProfile/shape@{key}", SHAPED, lambda m: m.z(30, 2), _shaped(), repr(new), _shaped(**{key: new}))
        for key, new in {"s": 50.0, "t": -2.0, "a": 0.2, "b": 0.03, "c": 0.002, "d": 0.001}.items()
    ),
    Case(
        "lateralProfile/crossfall@side",
        CUBICS[2][2].replace("%", 's="0" ' + _CONST.format(0.1)[:-2]),
        lambda m: (m.z(30, 2), m.z(30, -2)),
        (-2 * np.tan(0.1), 0.0),
        "right",
        (0.0, -2 * np.tan(0.1)),
    ),
    Case("lateralProfile/crossSectionSurface", STRIPS, lambda m: m.z(30, 2), _INNER, None, 0.0),
    Case("crossSectionSurface/tOffset", STRIPS, lambda m: m.z(30, 1.5), 0.05, None, 0.05 * 1.5),
    Case("crossSectionSurface/surfaceStrips", STRIPS, lambda m: m.z(30, 1.5), 0.05, None, 0.0),
    Case("surfaceStrips/strip", STRIPS, lambda m: m.z(30, -0.5), -0.002, None, 0.0),
    Case("surfaceStrips/strip@id", STRIPS, lambda m: m.z(30, -0.5), -0.002, "-2", 0.0),
    Case("surfaceStrips/strip@mode", STRIPS, lambda m: m.z(30, 4), _INNER + 0.09, "independent", 0.01 + 0.08),
    Case("strip/width", STRIPS, lambda m: m.z(30, 4), _INNER + 0.09, None, 0.05 * 3.5),
    Case("strip/constant", STRIPS, lambda m: m.z(30, 4), _INNER + 0.09, None, _INNER + 0.08),
    Case("strip/linear", STRIPS, lambda m: m.z(30, 1.5), 0.05, None, 0.0),
    Case("strip/quadratic", STRIPS, lambda m: m.z(30, 4), _INNER + 0.09, None, _INNER + 0.01),
    Case("strip/cubic", STRIPS, lambda m: m.z(30, -2.5), 0.002 * -27.0, None, 0.0),
    Case("road/lanes", SECTIONS, lambda m: m.ids(0), [1, 0, -1], None, "~has no lane section"),
    Case("laneSection/left", SECTIONS, lambda m: m.ids(0), [1, 0, -1], None, [0, -1]),
    Case("laneSection/right", SECTIONS, lambda m: m.ids(0), [1, 0, -1], None, [1, 0], 0),
    Case("laneSection/center", SECTIONS, lambda m: len(m.runs(0.0)), 1, None, 0, 0),
    Case("lanes/laneSection", SECTIONS, lambda m: m.width(55.0, -1), 4.0, None, 3.0),
    Case("lanes/laneSection@s", SECTIONS, lambda m: m.width(55.0, -1), 4.0, "60", 3.0),
    Case("lanes/laneSection@singleSide", SECTIONS, lambda m: m.ids(1), [1, 0, -1, -2], "false", [0, -1, -2]),
    *(
        Case(of, _banked(sign), probe, before, new, after, nth)
        for side, sign in (("left", 1), ("right", -1))
        for of, probe, before, new, after, nth in (
            (
                f"{side}/lane@id",
                lambda m: m.ids(0),
                sorted((0, sign, 2 * sign))[::-1],
                "0",
                sorted((0, sign))[::-1],
                -1,
            ),
            (f"{side}/lane@type", lambda m: len(m.network.lanes()), 1, "driving", 2, -1),
            (f"{side}/lane@level", lambda m, x=sign: m.plane(4 * x), sign * _EDGE, "false", 4 * sign * np.sin(0.1), -1),
            (f"{side}/lane@direction", lambda m, x=sign: m.road.drives_forward(x), sign < 0, "reversed", sign > 0, 0),
            ("lane/height@sOffset", lambda m, x=sign: m.kerb(10, 2 * x), 0.5 * (0.15 + 0.4), "40", 0.2125, -1),
            ("lane/height@inner", lambda m, x=sign: m.kerb(0, 2 * x), 0.15, "0.4", 0.3, 0),
            ("lane/height@outer", lambda m, x=sign: m.kerb(30, 2 * x), 0.4, "0.1", 0.2, -1),
            ("lane/height", lambda m, x=sign: m.kerb(30, 2 * x), 0.4, None, 0.15, -1),
        )
    ),
    Case("center/lane@id", _banked(-1), lambda m: "under <center>" in m.warned, False, "1", True),
    Case("center/lane@type", _banked(1), lambda m: m.road.sections[0].lane(0).type, "none", "driving", "driving"),
    Case("center/lane@level", _banked(1), lambda m: m.road.sections[0].lane(0).level, False, "true", True),
    Case("center/lane", SECTIONS, lambda m: len(m.runs(0.0)), 1, None, 0, 0),
    Case("left/lane", SECTIONS, lambda m: m.ids(0), [1, 0, -1], None, [0, -1]),
    Case("right/lane", SECTIONS, lambda m: m.ids(1), [1, 0, -1, -2], None, [1, 0, -1]),
    Case("lane/speed", SPEEDS, lambda m: m.limit(50), 20 * 0.44704, None, 50 / 3.6),
    Case("lane/speed@sOffset", SPEEDS, lambda m: m.limit(50), 20 * 0.44704, "60", 50 / 3.6),
    Case("lane/speed@max", SPEEDS, lambda m: m.limit(50), 20 * 0.44704, "30", 30 * 0.44704),
    Case("lane/speed@unit", SPEEDS, lambda m: m.limit(50), 20 * 0.44704, "m/s", 20.0),
)


# ---- paint along the lanes

_MARK = (
    '<roadMark sOffset="10" type="broken" color="white" width="0.2" weight="standard" laneChange="none">{}</roadMark>'
)
MARK = with_mark(_MARK.format(""))
THIN = MARK.replace(' width="0.2"', "")
_LINE = '<line length="2.5" space="5" tOffset="0.3" sOffset="1" width="0.1" color="yellow" rule="no passing"/>'
LINES = with_mark(_MARK.format(f'<type name="x" width="0.16">{_LINE}</type>').replace(' laneChange="none"', ""))
EXPLICIT = with_mark(
    _MARK.format(
        '<explicit><line length="2.5" tOffset="0.3" sOffset="1" width="0.1" rule="no passing"/></explicit>'
    ).replace(' laneChange="none"', "")
)
_FIRST, _SECOND = (11.0, 13.5), (18.5, 21.0)


def _center(m: Seen) -> bool:
    return allows(m.road.sections[0].lane(0).marks[0], left=True)


MARKS = (
    Case("lane/roadMark", MARK, lambda m: m.area("white") > 1.0, True, None, False),
    Case("lane/roadMark@sOffset", MARK, lambda m: m.runs(0)[0], (12.0, 16.0), "30", (36.0, 40.0)),
    Case("lane/roadMark@type", MARK, lambda m: len(m.runs(0)) > 3, True, "solid", False),
    Case("lane/roadMark@color", MARK, lambda m: len(m.runs(0, "yellow")), 0, "yellow", 8),
    Case("lane/roadMark@width", MARK, lambda m: m.across(13), (-0.1, 0.1), "0.3", (-0.15, 0.15)),
    Case("lane/roadMark@weight", THIN, lambda m: m.across(13), (-0.06, 0.06), "bold", (-0.125, 0.125)),
    Case("lane/roadMark@laneChange", MARK, _center, False, "both", True),
    Case("roadMark/type", LINES, lambda m: m.runs(0.3)[:1], [_FIRST], None, []),
    Case(
        "roadMark/type@width",
        LINES.replace(' width="0.1"', ""),
        lambda m: m.across(12),
        (0.22, 0.38),
        "0.1",
        (0.25, 0.35),
    ),
    Case("type/line", LINES, lambda m: len(m.runs(0.3)) > 3, True, None, False),
    Case("type/line@length", LINES, lambda m: m.runs(0.3)[0], _FIRST, "3", (11.0, 14.0)),
    Case("type/line@space", LINES, lambda m: m.runs(0.3)[1], _SECOND, "6", (19.5, 22.0)),
    Case("type/line@tOffset", LINES, lambda m: m.across(12), (0.25, 0.35), "-0.2", (-0.25, -0.15)),
    Case("type/line@sOffset", LINES, lambda m: m.runs(0.3)[0], _FIRST, "2", (12.0, 14.5)),
    Case("type/line@width", LINES, lambda m: m.across(12), (0.25, 0.35), "0.3", (0.15, 0.45)),
    Case("type/line@color", LINES, lambda m: len(m.runs(0.3, "yellow")) > 3, True, "blue", False),
    Case("type/line@rule", LINES, _center, False, "none", True),
    Case("roadMark/explicit", EXPLICIT, lambda m: m.runs(0.3), [_FIRST], None, []),
    Case("explicit/line", EXPLICIT, lambda m: m.runs(0.3), [_FIRST], None, []),
    Case("explicit/line@length", EXPLICIT, lambda m: m.runs(0.3)[0], _FIRST, "3", (11.0, 14.0)),
    Case("explicit/line@tOffset", EXPLICIT, lambda m: m.across(12), (0.25, 0.35), "-0.2", (-0.25, -0.15)),
    Case("explicit/line@sOffset", EXPLICIT, lambda m: m.runs(0.3)[0], _FIRST, "2", (12.0, 14.5)),
    Case("explicit/line@width", EXPLICIT, lambda m: m.across(12), (0.25, 0.35), "0.3", (0.15, 0.45)),
    Case("explicit/line@rule", EXPLICIT, _center, False, "none", True),
)


# ---- objects

_CORNERS = (("0", 50, -2.5), ("1", 54, -2.5), ("2", 54, -0.5), ("3", 50, -0.5))
_EDGES = (
    '<markings><marking color="red" width="0.2" lineLength="1" spaceLength="0" startOffset="0" stopOffset="0">'
    '<cornerReference id="0"/><cornerReference id="1"/></marking></markings>'
    '<borders><border outlineId="7" type="paint" width="0.3"><cornerReference id="1"/><cornerReference id="2"/>'
    "</border></borders>"
)


def _outlined(kind: str) -> str:
    """A block of 4 m by 2 m by 1 m on the right lane, with a red line along one side and a white one along another."""
    corner = {
        "cornerRoad": '<cornerRoad id="{}" s="{}" t="{}" dz="0.1" height="1"/>',
        "cornerLocal": '<cornerLocal id="{}" u="{}" v="{}" z="0.1" height="1"/>',
    }[kind]
    at = (0.0, 0.0) if kind == "cornerRoad" else (52.0, -1.0)
    corners = "".join(corner.format(name, s - at[0], t - at[1]) for name, s, t in _CORNERS)
    return plain(
        after='<objects><object id="o" type="obstacle" s="52" t="-1" zOffset="0" orientation="none"><outlines>'
        f'<outline id="7">{corners}</outline></outlines>{_EDGES}</object></objects>'
    )


def _thing(more: str = "", kind: str = "obstacle") -> str:
    """A box of 4 m by 2 m by 1 m whose bottom is 0.5 m above s = 50, t = 5."""
    return plain(
        after=f'<objects><object id="o" type="{kind}" s="50" t="5" zOffset="0.5" hdg="0" pitch="0" roll="0" length="4"'
        f' width="2" height="1" radius="0" orientation="none">{more}</object></objects>'
    )


_FROM = {"t": 5.0, "zOffset": 0.5, "height": 1.0, "width": 2.0, "length": 4.0}
ROW = _thing(
    '<repeat s="20" length="40" distance="20" '
    + " ".join(f'{key}Start="{value}" {key}End="{value}"' for key, value in _FROM.items())
    + "/>"
)
ROUND = _thing('<repeat s="20" length="40" distance="20" tStart="5" tEnd="5" radiusStart="1" radiusEnd="1"/>')
ROUND = ROUND.replace('length="4"', 'length="0"').replace('width="2"', 'width="0"').replace('radius="0"', 'radius="1"')
BAY = plain(
    after='<objects><object id="o" type="parkingSpace" s="50" t="-1.5" zOffset="0" length="5" width="2.4"'
    ' orientation="none"><material roadMarkColor="blue"/><parkingSpace access="all"/></object></objects>'
)
LINED_BAY = BAY.replace(
    '<parkingSpace access="all"/>',
    '<parkingSpace access="all"><marking side="front" type="solid" width="0.2" color="yellow"/></parkingSpace>',
)
SIDE = BAY.replace(
    "</object>",
    '<markings><marking side="left" color="red" width="0.2" lineLength="1" spaceLength="0.5" startOffset="0.5"'
    ' stopOffset="0.6"/></markings></object>',
)
_LEFT = sum(min(1.0, 4.4 - k) for k in (0.5, 2.0, 3.5)) * 0.2  # m2 of the dashes from 0.5 m to 4.4 m of 5 m


def _size(m: Seen, which: int = 0) -> tuple[float, ...]:
    low, high = m.box(which)
    return tuple((high - low).tolist())


def _middle(m: Seen, which: int = 0) -> tuple[float, ...]:
    return tuple(m.box(which).mean(axis=0).tolist())


def _size_to(key: str, value: float) -> tuple[float, ...]:
    return tuple({"length": 4.0, "width": 2.0, "height": 1.0, key: value}.values())


OBJECTS = (
    Case("road/objects", BAY, lambda m: m.area() > 0.0, True, None, False),
    *(
        case
        for kind, names in (("cornerRoad", ("s", "t", "dz", "height")), ("cornerLocal", ("u", "v", "z", "height")))
        for text in [_outlined(kind)]
        for s, t in [(48, 0.5) if kind == "cornerRoad" else (-4, 1.5)]
        for case in (
            Case("object/outlines", text, lambda m: len(solids(m.road, m.road.objects[0])), 1, None, 0),
            Case(f"outline/{kind}", text, lambda m: float(m.box()[0, 1]), -2.5, None, -2.5, 3),
            Case(f"outline/{kind}@{names[0]}", text, lambda m: float(m.box()[0, 0]), 50.0, str(s), 48.0),
            Case(f"outline/{kind}@{names[1]}", text, lambda m: float(m.box()[1, 1]), -0.5, str(t), 0.5),
            Case(f"outline/{kind}@{names[2]}", text, lambda m: float(m.box()[1, 2]), 1.1, "0.4", 1.4),
            Case(f"outline/{kind}@{names[3]}", text, lambda m: float(m.box()[1, 2]), 1.1, "2", 2.1),
            Case(f"outline/{kind}@id", text, lambda m: m.area("red"), 4 * 0.2, "9", 0.0, 0),
            Case("object/markings", text, lambda m: m.area("red"), 4 * 0.2, None, 0.0),
            Case("marking/cornerReference", text, lambda m: m.area("red"), 4 * 0.2, None, 0.0),
            Case("marking/cornerReference@id", text, lambda m: m.area("red"), 4 * 0.2, "3", 2 * 0.2),
            Case("object/borders", text, lambda m: m.area("white"), 2 * 0.3, None, 0.0),
            Case("border/cornerReference@id", text, lambda m: m.area("white"), 2 * 0.3, "0", 4 * 0.3),
            Case("border/cornerReference", text, lambda m: m.area("white"), 2 * 0.3, None, 0.0),
            Case("borders/border@width", text, lambda m: m.area("white"), 2 * 0.3, "0.2", 2 * 0.2),
            Case("borders/border@type", text, lambda m: m.area("white"), 2 * 0.3, "curb", 0.0),
        )
    ),
    Case("objects/object@s", _thing(), _middle, (50.0, 5.0, 1.0), "60", (60.0, 5.0, 1.0)),
    Case("objects/object@t", _thing(), _middle, (50.0, 5.0, 1.0), "7", (50.0, 7.0, 1.0)),
    Case("objects/object@zOffset", _thing(), _middle, (50.0, 5.0, 1.0), "1", (50.0, 5.0, 1.5)),
    *(
        Case(f"objects/object@{key}", _thing(), _size, _size_to("", 0.0)[:3], "3", _size_to(key, 3.0))
        for key in ("length", "width", "height")
    ),
    Case("objects/object@radius", _thing(), _size, (4.0, 2.0, 1.0), "3", (6.0, 6.0, 1.0)),
    Case("objects/object@hdg", _thing(), _size, (4.0, 2.0, 1.0), repr(PI / 2), (2.0, 4.0, 1.0)),
    Case("objects/object@pitch", _thing(), _size, (4.0, 2.0, 1.0), repr(PI / 2), (1.0, 2.0, 4.0)),
    Case("objects/object@roll", _thing(), _size, (4.0, 2.0, 1.0), repr(PI / 2), (4.0, 1.0, 2.0)),
    Case("objects/object@type", BAY, lambda m: m.area() > 0.0, True, "tree", False),
    Case("object/repeat@s", ROW, _middle, (20.0, 5.0, 1.0), "25", (25.0, 5.0, 1.0)),
    Case("object/repeat@length", ROW, lambda m: len(solids(m.road, m.road.objects[0])), 3, "60", 4),
    Case("object/repeat@distance", ROW, lambda m: len(solids(m.road, m.road.objects[0])), 3, "10", 5),
    *(
        Case(f"object/repeat@{key}{end}", ROW, lambda m, k=k, look=look: look(m, k), before, "3", after)
        for end, k, s in (("Start", 0, 20.0), ("End", 2, 60.0))
        for key, look, before, after in (
            ("t", _middle, (s, 5.0, 1.0), (s, 3.0, 1.0)),
            ("zOffset", _middle, (s, 5.0, 1.0), (s, 5.0, 3.5)),
            *((key, _size, _size_to("", 0.0)[:3], _size_to(key, 3.0)) for key in ("length", "width", "height")),
        )
    ),
    *(
        Case(f"object/repeat@radius{end}", ROUND, lambda m, k=k: _size(m, k), (2.0, 2.0, 1.0), "3", (6.0, 6.0, 1.0))
        for end, k in (("Start", 0), ("End", 2))
    ),
    Case("object/material@roadMarkColor", BAY, lambda m: m.area("blue") > 0.0, True, "red", False),
    Case("parkingSpace/marking", LINED_BAY, lambda m: m.area("yellow"), 2.4 * 0.2, None, 0.0),
    Case("parkingSpace/marking@side", LINED_BAY, lambda m: m.area("yellow"), 2.4 * 0.2, "left", 5 * 0.2),
    Case("parkingSpace/marking@width", LINED_BAY, lambda m: m.area("yellow"), 2.4 * 0.2, "0.1", 2.4 * 0.1),
    Case("parkingSpace/marking@color", LINED_BAY, lambda m: m.area("yellow"), 2.4 * 0.2, "white", 0.0),
    Case("parkingSpace/marking@type", LINED_BAY, lambda m: m.area("yellow"), 2.4 * 0.2, "none", 0.0),
    Case("markings/marking", SIDE, lambda m: m.area("red"), _LEFT, None, 0.0),
    Case("markings/marking@side", SIDE, lambda m: m.area("red"), _LEFT, "rear", 1.0 * 0.2),
    Case("markings/marking@color", SIDE, lambda m: m.area("red"), _LEFT, "white", 0.0),
    Case("markings/marking@width", SIDE, lambda m: m.area("red"), _LEFT, "0.1", _LEFT / 2),
    Case("markings/marking@lineLength", SIDE, lambda m: m.area("red"), _LEFT, "2", (2.0 + 1.4) * 0.2),
    Case("markings/marking@spaceLength", SIDE, lambda m: m.area("red"), _LEFT, "0", 3.9 * 0.2),
    Case("markings/marking@startOffset", SIDE, lambda m: m.area("red"), _LEFT, "2", (1.0 + 0.9) * 0.2),
    Case("markings/marking@stopOffset", SIDE, lambda m: m.area("red"), _LEFT, "2", (1.0 + 1.0) * 0.2),
)


# ---- junctions, signals, what stops whom

_INTO = linked("in", 0.0, after='elementType="junction" elementId="j"')
_VIA = linked("via", 100.0, after='elementType="road" elementId="out" contactPoint="start"', junction="j")
_OUT = linked("out", 200.0) + linked("far", 0.0, y=80.0)
_JUNCTION = (
    '<junction id="j" name="cross" type="default"><connection id="0" incomingRoad="in" connectingRoad="via"'
    ' contactPoint="start"><laneLink from="-1" to="-1"/></connection><priority high="far" low="via"/></junction>'
    '<junctionGroup id="g" name="both" type="roundabout"><junctionReference junction="j"/></junctionGroup>'
)
CROSS = document(_INTO + _VIA + _OUT + _JUNCTION)
_SIGN = (
    '<signals><signal id="7" s="95" t="-4" zOffset="2" dynamic="no" orientation="+" country="DE" type="206"'
    ' subtype="-1"><validity fromLane="-2" toLane="-1"/></signal></signals>'
)
_REFERENCE = (
    '<signals><signalReference id="7" s="95" t="-4" orientation="+"><validity fromLane="-2" toLane="-1"/>'
    "</signalReference></signals>"
)
_BAR = (
    '<objects><object id="b" type="stopLine" s="95" t="-1.5" zOffset="0" length="0.5" width="3" orientation="+">'
    '<validity fromLane="-2" toLane="-1"/></object></objects>'
)
_PLAIN_JUNCTION = _JUNCTION.replace('<priority high="far" low="via"/>', "")
SIGN = document(_INTO.replace("</road>", _SIGN + "</road>") + _VIA + _OUT + _PLAIN_JUNCTION)
REFERENCE = document(
    _INTO.replace("</road>", _REFERENCE + "</road>")
    + _VIA
    + _OUT.replace("</road>", "</road>", 1)[: -len("</road>")]
    + _SIGN.replace('fromLane="-2"', 'fromLane="-1"')
    + "</road>"
    + _PLAIN_JUNCTION
)
BAR = document(_INTO.replace("</road>", _BAR + "</road>") + _VIA + _OUT + _PLAIN_JUNCTION)
_LIGHT = '<signal id="{}" s="95" t="-4" zOffset="3" dynamic="yes" orientation="+" country="OpenDRIVE" type="1000001"/>'
LIGHTS = document(
    _INTO.replace("</road>", f"<signals>{_LIGHT.format('x')}{_LIGHT.format('y')}</signals></road>")
    + _VIA
    + _OUT
    + '<controller id="c1" name="first" sequence="4"><control signalId="x" type="0"/></controller>'
    + '<controller id="c2"><control signalId="y" type="0"/></controller>'
    + _PLAIN_JUNCTION
)
RAIL = plain(
    after='<railroad><switch name="points" id="w" position="dynamic"><mainTrack id="1" s="5" dir="+"/>'
    '<sideTrack id="1" s="6" dir="-"/></switch></railroad>'
)
DIRECT = document(
    linked("a", 0.0, after='elementType="junction" elementId="j"')
    + linked("b", 100.0)
    + '<junction id="j" type="direct"><connection id="0" incomingRoad="a" linkedRoad="b" contactPoint="start">'
    '<laneLink from="-1" to="-1"/></connection></junction>'
)
VIRTUAL = LEAVING.replace(
    "</OpenDRIVE>",
    '<junction id="v" type="virtual" mainRoad="main" sStart="30" sEnd="60" orientation="none"><connection id="0"'
    ' incomingRoad="main" connectingRoad="out" contactPoint="start"/></junction></OpenDRIVE>',
)


def _valid(m: Seen, lane_id: int) -> bool:
    road = m.network.roads["in"]
    return applies_to((*road.signals, *road.signal_references)[0], road, lane_id)


def _phases(m: Seen) -> list[int]:
    return plan_signals(m.network, 0).program["phase"].tolist()


def _virtual(m: Seen) -> tuple[object, ...]:
    v = m.network.junctions["v"]
    return v.main_road, v.s_start, v.s_end, v.orientation


_STOP, _FREE = ("stop", "7", 100.0), ("none", "", 100.0)
TRAFFIC = (
    Case("OpenDRIVE/junction", CROSS, lambda m: m.after("in"), [("via", -1)], None, []),
    Case("OpenDRIVE/junction@id", CROSS, lambda m: m.after("in"), [("via", -1)], "k", []),
    Case("OpenDRIVE/junction@name", CROSS, lambda m: m.network.junctions["j"].name, "cross", "other", "other"),
    Case("OpenDRIVE/junction@type", DIRECT, lambda m: m.warned, "", "default", "~junction"),
    *(
        Case(f"OpenDRIVE/junction@{key}", VIRTUAL, lambda m, k=k: _virtual(m)[k], before, new, after)
        for k, (key, before, new, after) in enumerate(
            (
                ("mainRoad", "main", "out", "out"),
                ("sStart", 30.0, "20", 20.0),
                ("sEnd", 60.0, "70", 70.0),
                ("orientation", "none", "+", "+"),
            )
        )
    ),
    Case("junction/connection@incomingRoad", CROSS, lambda m: m.after("in"), [("via", -1)], "far", []),
    Case("junction/connection@connectingRoad", CROSS, lambda m: m.after("in"), [("via", -1)], "none", []),
    Case("junction/connection@linkedRoad", DIRECT, lambda m: m.after("a"), [("b", -1)], "none", []),
    Case("junction/connection@contactPoint", CROSS, lambda m: m.after("in"), [("via", -1)], "end", []),
    Case("connection/laneLink@from", CROSS, lambda m: m.after("in"), [("via", -1)], "-2", []),
    Case("connection/laneLink@to", CROSS, lambda m: m.after("in"), [("via", -1)], "-2", []),
    Case("junction/priority", CROSS, lambda m: m.control()[0], "yield", None, "none"),
    Case("junction/priority@low", CROSS, lambda m: m.control()[0], "yield", "far", "none"),
    Case("junction/priority@high", CROSS, lambda m: set(m.way().gives_way_to), {"far"}, "out", {"out"}),
    Case("OpenDRIVE/junctionGroup", CROSS, lambda m: list(m.network.junction_groups), ["g"], None, []),
    Case("OpenDRIVE/junctionGroup@id", CROSS, lambda m: list(m.network.junction_groups), ["g"], "h", ["h"]),
    Case("OpenDRIVE/junctionGroup@name", CROSS, lambda m: m.network.junction_groups["g"].name, "both", "x", "x"),
    Case("OpenDRIVE/junctionGroup@type", CROSS, lambda m: m.network.junction_groups["g"].type, "roundabout", "x", "x"),
    Case(
        "junctionGroup/junctionReference", CROSS, lambda m: m.network.junction_groups["g"].junctions, ("j",), None, ()
    ),
    Case(
        "junctionGroup/junctionReference@junction", CROSS, lambda m: 'names junction "k"' in m.warned, False, "k", True
    ),
    Case("road/signals", SIGN, Seen.control, _STOP, None, _FREE),
    Case("signals/signal@type", SIGN, lambda m: m.control()[0], "stop", "205", "yield"),
    Case("signals/signal@country", SIGN, lambda m: m.control()[0], "stop", "US", "none"),
    Case("signals/signal@orientation", SIGN, Seen.control, _STOP, "-", _FREE),
    Case("signals/signal@s", SIGN, Seen.control, _STOP, "20", _FREE),
    Case("signal/validity", SIGN, lambda m: _valid(m, -3), False, None, True),
    Case("signal/validity@fromLane", SIGN, lambda m: _valid(m, -2), True, "-1", False),
    Case("signal/validity@toLane", SIGN, lambda m: _valid(m, -1), True, "-2", False),
    Case("signals/signalReference", REFERENCE, Seen.control, _STOP, None, _FREE),
    Case("signals/signalReference@id", REFERENCE, Seen.control, _STOP, "8", _FREE),
    Case("signals/signalReference@s", REFERENCE, Seen.control, _STOP, "20", _FREE),
    Case("signals/signalReference@orientation", REFERENCE, Seen.control, _STOP, "-", _FREE),
    Case("signals/signalReference@t", REFERENCE, lambda m: m.road.signal_references[0].t, -4.0, "-5", -5.0),
    Case("signalReference/validity", REFERENCE, lambda m: _valid(m, -3), False, None, True),
    Case("signalReference/validity@fromLane", REFERENCE, lambda m: _valid(m, -2), True, "-1", False),
    Case("signalReference/validity@toLane", REFERENCE, lambda m: _valid(m, -1), True, "-2", False),
    Case("object/validity", BAR.replace('toLane="-1"', 'toLane="-2"'), lambda m: m.control()[2], 100.0, None, 94.75),
    Case("object/validity@fromLane", BAR, lambda m: m.road.objects[0].validity[0].from_lane, -2, "-3", -3),
    Case("object/validity@toLane", BAR, lambda m: m.control()[2], 94.75, "-2", 100.0),
    Case("OpenDRIVE/controller", LIGHTS, _phases, [0, 1], None, [0, 0]),
    Case("OpenDRIVE/controller@id", LIGHTS, _phases, [0, 1], "a", [1, 0]),
    Case("OpenDRIVE/controller@name", LIGHTS, lambda m: m.network.controllers["c1"].name, "first", "last", "last"),
    Case("OpenDRIVE/controller@sequence", LIGHTS, lambda m: m.network.controllers["c1"].sequence, 4, "5", 5),
    Case("controller/control", LIGHTS, _phases, [0, 1], None, [0, 0]),
    Case("controller/control@signalId", LIGHTS, _phases, [0, 1], "z", [0, 0]),
    Case(
        "controller/control@type",
        LIGHTS,
        lambda m: m.network.controllers["c2"].controls,
        (("y", "0"),),
        "1",
        (("y", "1"),),
    ),
    Case("road/railroad", RAIL, lambda m: len(m.road.switches), 1, None, 0),
)

CASES = (*cubic_cases(), *curve_cases(), *FILE, *ACROSS, *MARKS, *OBJECTS, *TRAFFIC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.of}")
def test_it_changes_what_it_should(case: Case) -> None:
    agree(look(case.text, case.probe), case.before)
    agree(look(changed(case.text, case.of, case.new, case.nth), case.probe), case.after)


def test_each_attribute_that_is_supported_has_a_case() -> None:
    wanted = {
        f"{row.element}@{name}" if name else row.element
        for row in ROWS
        if row.support == "supported"
        for name in ("", *row.used)
    }
    have = {case.of for case in CASES} | {case.of.partition("@")[0] for case in CASES if "coefficients" in case.of}
    assert sorted(wanted - have) == []
