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
MAPS = (
    "esmini/resources/xodr/straight_500m.xodr",
    "esmini/resources/xodr/e6mini.xodr",
    "esmini/resources/xodr/fabriksgatan.xodr",
    "esmini/resources/xodr/multi_intersections.xodr",
    "carla_towns/OpenDrive/Town01.xodr",
)
RADIUS_M = 150.0
LONGEST_GAP_M = 13.0
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


def _expected(mark: etree._Element, length: float) -> tuple[float, float] | None:
    """Painted area in m2 and what it may differ by; None where the file does not say."""
    lines = mark.findall("type/line")
    if not lines:
        width = float(mark.get("width") or 0.0)
        return (width * length, 0.02 * width * length + 0.05) if width and mark.get("type") == "solid" else None
    area = slack = 0.05
    for line in lines:
        dash, space = float(line.get("length")), float(line.get("space"))
        width = float(line.get("width") or mark.get("width"))
        share = dash / (dash + space) if space else 1.0
        area += width * length * share
        slack += width * dash * (space > 0.0) + 0.03 * width * length
    return area, slack


@pytest.mark.parametrize("name", MAPS)
def test_every_painted_line_of_a_map_is_in_the_mesh(name: str) -> None:
    """In its colour, as long and as dashed as the file says, on all roads outside of junctions near a place."""
    network, root = _read(name)
    first = next(road for road in root.iter("road") if road.get("junction") == "-1")
    x, y = (float(first.find("planView/geometry").get(key)) for key in "xy")
    ground = surface(network, (x, y, 0.0), (x, y), RADIUS_M, style=SurfaceStyle())
    mesh = next(mesh for mesh, _, kind in ground.meshes if kind == "road_marking")
    corners = mesh.vertices[mesh.faces].astype(np.float64)[..., :2]
    centers = corners.mean(axis=1)
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = 0.5 * np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    tree = shapely.STRtree(shapely.points(centers))
    crossings = root.find(".//object") is not None  # whose paint lies on other lines
    looked_at, missing = 0, []
    for element in root.iter("road"):
        if element.get("junction") != "-1":
            continue
        road = network.roads[element.get("id")]
        for k, lane, begin, end, mark in _marks(element):
            s = np.linspace(begin, end, max(int(end - begin), 1) + 1)
            edges = road.boundaries(k, s)
            ids = [each.id for each in road.sections[k].lanes if each.id]
            at = sum(i > 0 for i in ids) if lane == 0 else ids.index(lane) + (lane < 0)
            t = edges[at]
            wide = (np.abs(np.delete(edges, at, axis=0) - t) > 0.8).all(axis=0)  # no other line is near
            line = road.point(s, t, 0.0)[:, :2] - (x, y)
            line = line[wide & (np.hypot(*line.T) < RADIUS_M - 10.0)]
            if len(line) < 3:
                continue
            near = tree.query(shapely.buffer(shapely.LineString(line), 0.4, cap_style="flat"), predicate="contains")
            color = mark.get("color", "standard")
            slot = COLORS.index("white" if color == "standard" else color)
            mine = near[mesh.slots[near] == slot]
            length = float(np.hypot(*np.diff(line, axis=0).T).sum())
            want = _expected(mark, length)
            area = float(areas[mine].sum())
            looked_at += 1
            if want is None:
                wrong = length > LONGEST_GAP_M and area == 0.0
            else:
                wrong = area < want[0] - want[1] or (not crossings and area > want[0] + want[1])
            if wrong:
                missing.append((road.id, k, lane, begin, end, mark.get("type"), color, area, want))
    assert looked_at > 0
    assert not missing, missing[:5]


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
