"""What a map lists is there: its lane lines, objects and signals, counted in the XML itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from lxml import etree
from material import MATERIAL, needs_material

from simulator.errors import OddRoadError
from simulator.roads import RoadNetwork, read_opendrive
from simulator.roads.surface import surface
from simulator.roads.surface_marks import COLORS
from simulator.roads.surface_materials import SurfaceStyle
from simulator.surroundings.map_shapes import solids

pytestmark = needs_material
_ALKS, _ASAM = "alks/logical_scenarios/concrete_scenarios/road_networks", "asam_qc_opendrive/tests/data"
MAPS = (
    "esmini/resources/xodr/straight_500m_roadmarks.xodr",
    "esmini/resources/xodr/e6mini.xodr",
    "esmini/resources/xodr/fabriksgatan.xodr",
    "esmini/resources/xodr/multi_intersections.xodr",
    "carla_towns/OpenDrive/Town01.xodr",
    f"{_ALKS}/alks_road_straight.xodr",
    f"{_ASAM}/smoothness_example/simple_valid.xodr",
    f"{_ASAM}/examples/Ex_Entry_Exit.xodr",
)
RADIUS_M = 150.0
UNPAINTED = ("none", "curb", "edge", "grass", "botts dots", "custom")
DRIVEN = ("driving", "entry", "exit", "onRamp", "offRamp", "bidirectional", "connectingRamp", "slipLane")


@cache
def _read(name: str) -> tuple[RoadNetwork, etree._Element]:
    path = MATERIAL / "openx" / name
    return read_opendrive(path), etree.parse(path).getroot()


def _marks(road: etree._Element) -> list[tuple[int, int, float, float, etree._Element]]:
    """(section, lane, begin, end, roadMark) of all lines between lanes for traffic."""
    found = []
    length = float(road.get("length"))
    sections = road.findall("lanes/laneSection")
    for k, section in enumerate(sections):
        start = float(section.get("s"))
        stop = float(sections[k + 1].get("s")) if k + 1 < len(sections) else length
        kinds = {int(lane.get("id")): lane.get("type") for lane in section.iter("lane")}
        for lane in section.iter("lane"):
            name = int(lane.get("id"))
            sides = (1, -1) if name == 0 else (name, name + int(np.sign(name)))
            if any(kinds.get(side) not in DRIVEN for side in sides):
                continue
            marks = lane.findall("roadMark")
            begins = [start + float(mark.get("sOffset")) for mark in marks]
            found += [
                (k, name, begin, end, mark)
                for mark, begin, end in zip(marks, begins, [*begins[1:], stop])
                if mark.get("type") not in UNPAINTED and end - begin > 1.0
            ]
    return found


def _cubic(rows: list[etree._Element], start: str, s: np.ndarray) -> np.ndarray:
    """Value (N,) at s (N,) of the cubics of some elements; 0 before the first."""
    value = np.zeros(len(s))
    for row in rows:
        ds = s - float(row.get(start))
        cubic = sum(float(row.get(key)) * ds**power for power, key in enumerate("abcd"))
        value = np.where(ds >= -1e-9, cubic, value)
    return value


def _edges(road: etree._Element, section: etree._Element, s: np.ndarray) -> dict[int, np.ndarray]:
    """t (N,) of the outer edge of each lane of a section by its id, as its widths say; of the centre by 0."""
    start = float(section.get("s"))
    edges = {0: _cubic(road.findall("lanes/laneOffset"), "s", s)}
    for side in (1, -1):
        lanes = {int(lane.get("id")): lane for lane in section.iter("lane")}
        for name in sorted((name for name in lanes if name * side > 0), key=abs):
            edges[name] = edges[name - side] + side * _cubic(lanes[name].findall("width"), "sOffset", s - start)
    return edges


# Dashes and gaps in metres where a file gives no <line>, from the start of the road on: RMS-1 for motorways, country
# roads and towns, and section 3A.06 of the MUTCD (10 ft and 30 ft) in maps with yellow centre lines. Widths: RMS-1.
_USUAL = {"motorway": (6.0, 12.0), "rural": (4.0, 8.0), "town": (3.0, 6.0)}
_AMERICAN = (3.048, 9.144)


def _painted(
    road: etree._Element, mark: etree._Element, begin: float, american: bool, outside: int
) -> list[tuple[float, ...]]:
    """Lines of a mark: t beside the boundary, width, first dash, dash, gap (0: solid)."""
    kinds = [kind.get("type") for kind in road.findall("type") if float(kind.get("s")) <= begin + 1e-9]
    kind = kinds[-1] if kinds else "rural"
    bold = mark.get("weight") == "bold"
    width = float(mark.get("width") or 0.0) or (0.15 if kind == "motorway" else 0.12) * (2 if bold else 1)
    found = []
    for line in mark.findall("type/line"):
        length, space, t, s = (float(line.get(key)) for key in ("length", "space", "tOffset", "sOffset"))
        own = float(line.get("width") or line.getparent().get("width") or width)
        found.append((t, own, begin + s, length, space))
    dash, gap = _AMERICAN if american else _USUAL.get(kind, _USUAL["town"])
    words = mark.get("type").split()
    for k, word in enumerate(words if not found else ()):  # of two, the first is inside, on the centre line to the left
        t = 0.0 if len(words) == 1 else width * (1 - 2 * k) * (-1 if outside > 0 else 1)
        found.append((t, width, 0.0, dash, gap if word == "broken" else 0.0))
    return found


@pytest.mark.parametrize("name", MAPS)
def test_every_dash_of_a_map_is_in_the_mesh(name: str) -> None:
    """In its colour, at its place, as long and as wide as the file says, on all roads outside of junctions nearby.

    The file is read by lxml alone. Looking straight down every 5 cm along each line, there is paint where a dash should
    be and none in the gaps; and all paint near the line has the area of the dashes.
    """
    network, root = _read(name)
    first = next(road for road in root.iter("road") if road.get("junction") == "-1")
    x, y = (float(first.find("planView/geometry").get(key)) for key in "xy")
    ground = surface(network, (x, y, 0.0), (x, y), RADIUS_M, style=SurfaceStyle())
    mesh = next(mesh for mesh, _, kind in ground.meshes if kind == "road_marking")
    corners = mesh.vertices[mesh.faces].astype(np.float64)[..., :2]
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = 0.5 * np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    rings = shapely.polygons(shapely.linearrings(corners[:, [0, 1, 2, 0]]))
    tree, middles = shapely.STRtree(rings), shapely.STRtree(shapely.points(corners.mean(axis=1)))
    centers = root.findall(".//center/lane/roadMark")
    american = any(mark.get("color") == "yellow" for mark in centers)
    crossed = any(root.find(f".//{tag}") is not None for tag in ("object", "signal"))  # whose paint lies on the lines
    dashes, wrong = 0, []
    for element in root.iter("road"):
        if element.get("junction") != "-1":
            continue
        road, sections = network.roads[element.get("id")], element.findall("lanes/laneSection")
        for k, lane, begin, end, mark in _marks(element):
            s = np.arange(begin + 0.02, end - 0.02, 0.05)
            edges = _edges(element, sections[k], s)
            others = np.array([t for other, t in edges.items() if other != lane])
            alone = (np.abs(others - edges[lane]) > 0.8).all(axis=0)
            color = mark.get("color", "standard")
            slot = COLORS.index("white" if color == "standard" else color)
            lines = _painted(element, mark, begin, american, lane)
            area = want = 0.0
            middle = road.point(s, edges[lane], 0.0)[:, :2] - (x, y)
            step = np.hypot(*np.gradient(middle, axis=0).T)
            near = alone & (np.hypot(*middle.T) < RADIUS_M - 10.0)
            if near.sum() < 40:
                continue
            for t, width, start, dash, gap in lines:
                phase = np.mod(s - start, dash + gap) if gap else np.zeros(len(s))
                painted = (phase < dash) & (s >= start - 1e-9) if gap else np.ones(len(s), bool)
                sure = (
                    near if not gap else (np.abs(phase - dash) > 0.03) & (np.minimum(phase, dash + gap - phase) > 0.03)
                )
                places = shapely.points(road.point(s, edges[lane] + t, 0.0)[:, :2] - (x, y))
                at, triangle = tree.query(places, predicate="within")
                seen = np.zeros(len(s), bool)
                seen[at[mesh.slots[triangle] == slot]] = True
                off = near & sure & (seen != painted)
                dashes += int((np.diff((painted & near).astype(int)) == 1).sum())
                want += width * float(step[painted & near].sum())
                if off.sum() > 0.01 * near.sum() + 1:
                    wrong.append((road.id, k, lane, mark.get("type"), int(off.sum()), int(near.sum()), s[off][:3]))
            if near.all() and len(lines):
                strip = shapely.buffer(shapely.LineString(middle[::10]), 0.45, cap_style="flat")
                mine = middles.query(strip, predicate="contains")
                area = float(areas[mine[mesh.slots[mine] == slot]].sum())
                slack = 0.02 * want + 0.6 * max(line[1] for line in lines)
                if area < want - slack or (not crossed and area > want + slack):
                    wrong.append((road.id, k, lane, mark.get("type"), area, want))
    assert dashes > 0
    assert not wrong, wrong[:5]


def _with_furniture() -> list[Path]:
    """Maps below 1 MB that list objects or signals."""
    files = [path for path in sorted(MATERIAL.rglob("*.xodr")) if path.stat().st_size < 1_000_000]
    return [path for path in files if b"<object " in (text := path.read_bytes()) or b"<signal " in text]


@cache
def _furnished() -> list[tuple[RoadNetwork, etree._Element]]:
    """Those that can be read."""
    found = []
    for path in _with_furniture():
        try:
            found.append((read_opendrive(path), etree.parse(path).getroot()))
        except OddRoadError:
            continue
    return found


def test_every_object_of_a_map_is_kept_and_what_has_a_height_becomes_a_shape() -> None:
    """With its outlines, copies and parking spaces; its shape is as high as the file says."""
    solid = outlined = copied = parked = 0
    for network, root in _furnished():
        for element in root.iter("road"):
            road = network.roads.get(element.get("id"))
            if road is None:
                continue
            listed = element.findall("objects/object")
            assert len(road.objects) == len(listed)
            assert len(road.object_references) == len(element.findall("objects/objectReference"))
            for thing, item in zip(road.objects, listed):
                assert len(thing.repeats) == len(item.findall("repeat"))
                corners = [
                    [float(corner.get("height", "0")) for corner in outline if corner.tag.startswith("corner")]
                    for outline in (*item.findall("outlines/outline"), *item.findall("outline"))
                ]
                assert [len(x.corners) for x in thing.outlines] == [len(x) for x in corners]
                assert bool(thing.parking_access) == (item.find("parkingSpace") is not None)
                outlined, copied, parked = (
                    outlined + len(corners),
                    copied + len(thing.repeats),
                    parked + bool(thing.parking_access),
                )
                highest = max((h for x in corners if len(x) > 1 for h in x), default=0.0)
                if highest > 0.05:
                    shapes = solids(road, thing)
                    high = max(float((shape.top - shape.bottom)[:, 2].max()) for shape in shapes)
                    assert high == pytest.approx(highest, rel=0.02)
                    solid += 1
    assert min(solid, outlined, copied, parked) > 3, (solid, outlined, copied, parked)


def test_every_signal_of_a_map_is_kept_with_its_references_and_controllers() -> None:
    signals = references = controls = 0
    for network, root in _furnished():
        kept = {signal.id for road in network.roads.values() for signal in road.signals}
        for element in root.iter("road"):
            road = network.roads.get(element.get("id"))
            if road is None:
                continue
            listed = element.findall("signals/signal")
            assert [signal.id for signal in road.signals] == [item.get("id") for item in listed]
            also = element.findall("signals/signalReference")
            assert [one.id for one in road.signal_references] == [item.get("id") for item in also]
            signals, references = signals + len(listed), references + len(also)
        for item in root.findall("controller"):
            wanted = [(control.get("signalId"), control.get("type", "")) for control in item.findall("control")]
            assert list(network.controllers[item.get("id")].controls) == wanted
            controls += sum(name in kept for name, _ in wanted)
    assert min(signals, references, controls) > 20, (signals, references, controls)
