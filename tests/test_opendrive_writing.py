"""What is written is read back as it was: random networks, and every public map."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from material import MATERIAL, needs_material

from simulator.errors import OutputError
from simulator.roads import (
    Connection,
    Controller,
    Junction,
    Lane,
    LaneSection,
    MarkLine,
    ObjectBorder,
    ObjectMarking,
    ObjectMaterial,
    ObjectReference,
    Outline,
    Platform,
    Repeat,
    Road,
    RoadMark,
    RoadNetwork,
    RoadObject,
    RoadType,
    Signal,
    SignalPosition,
    Station,
    Switch,
    procedural,
    read_opendrive,
    write_opendrive,
)
from simulator.roads.layout import Plan, Pose
from simulator.roads.records import LaneAccess, LaneMaterial, LaneValidity, SignalReference, Structure

MAPS = (
    "carla_towns/OpenDrive/Town01",
    "esmini/resources/xodr/fabriksgatan",
    "esmini/resources/xodr/velodrome",
    "esmini/resources/xodr/e6mini",
    "maliput_malidrive/resources/Road2_20",
    "maliput_malidrive/resources/onramp",
    "libopendrive/tests/test",
)

IN_THE_WORLD = SignalPosition("", (9.0, 8.0, 7.0), pitch=0.2)
number = st.floats(-1e3, 1e3)
positive = st.floats(0.125, 50.0)
coefficient = st.floats(-1.0, 1.0)
words = st.text(st.characters(exclude_categories=("C",)), max_size=12).map(str.strip)


def cubics(values: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    row = st.tuples(values, coefficient, coefficient, coefficient)
    return st.lists(row, min_size=1, max_size=3).map(
        lambda rows: np.array([[3.5 * k, a, 0.01 * b, 1e-3 * c, 1e-5 * d] for k, (a, b, c, d) in enumerate(rows)])
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    plan = Plan(Pose(draw(number), draw(number), draw(st.floats(-3, 3))))
    for _ in range(draw(st.integers(1, 4))):
        k, other = draw(st.floats(-0.05, 0.05)), draw(st.floats(-0.05, 0.05))
        kind = draw(st.sampled_from(["line", "arc", "spiral", "cubic"]))
        length = draw(positive)
        if kind == "cubic":
            plan.to(plan.end.moved(length, draw(coefficient)), 30.0)
        elif kind == "line":
            plan.line(length)
        else:
            plan.arc(k, length) if kind == "arc" else plan.spiral(k, other, length)
    return plan


marks = st.builds(
    RoadMark,
    st.floats(0, 5),
    st.sampled_from(["solid", "broken", "none", "solid solid"]),
    st.sampled_from(["standard", "bold"]),
    st.sampled_from(["standard", "white", "yellow"]),
    st.floats(0.05, 0.5),
    st.just(0.0),
    st.sampled_from(["", "both", "none"]),
    st.just("standard"),
    st.lists(st.builds(MarkLine, positive, positive, coefficient, positive, st.floats(0.05, 1)), max_size=2).map(tuple),
    st.sampled_from([(), ((0.0, 0.1, 0.0, 0.01, 0.0), (1.0, 0.0, 0.2, 0.0, 0.0))]),
)
ids = st.lists(st.integers(-5, 5), max_size=2).map(tuple)


@st.composite
def lanes(draw: st.DrawFn, lane_id: int) -> Lane:
    return Lane(
        lane_id,
        draw(st.sampled_from(["driving", "sidewalk", "parking", "median"])),
        widths=draw(cubics(positive)),
        heights=draw(st.sampled_from([np.zeros((0, 3)), np.array([[0.0, 0.12, 0.15], [2.0, 0.0, 0.1]])])),
        level=draw(st.booleans()),
        marks=tuple(sorted(draw(st.lists(marks, max_size=2)), key=lambda mark: mark.ds)),
        predecessors=draw(ids),
        successors=draw(ids),
        speeds=draw(st.sampled_from([(), ((0.0, 13.0), (2.5, 8.1))])),
        materials=(LaneMaterial(0.0, 0.8, 0.01, "asphalt"),),
        access=draw(st.sampled_from([(), (LaneAccess(0.0, "allow", "bus"),)])),
    )


@st.composite
def roads(draw: st.DrawFn, road_id: str) -> Road:
    plan = draw(plans())
    half = 0.5 * plan.length
    sections = []
    for s0, s1 in ((0.0, half), (half, plan.length)):
        left, right = draw(st.integers(0, 2)), draw(st.integers(1, 3))
        row = [draw(lanes(i)) if i else Lane(0, "none") for i in range(left, -right - 1, -1)]
        sections.append(LaneSection(s0, s1, tuple(row)))
    corners = np.array([[1.0, 2, 0, 0], [2, 2, 0, 0.5], [2, 3, 0, 0]])
    outline = Outline("road", corners, True, True, "0", "grass", ("0", "1", "2"))
    details = {
        "markings": (ObjectMarking("front", "red", 0.2, 1.0, 0.5, 0.1, 0.2), ObjectMarking(corners=("0", "2"))),
        "borders": (ObjectBorder("0", "curb", 0.2), ObjectBorder("0", "paint", 0.1, ("1", "2"))),
        "materials": (ObjectMaterial("cobble", 0.8, 0.01, "yellow"),),
    }
    return Road(
        road_id,
        plan.length,
        plan.geometry,
        tuple(sections),
        name=draw(words),
        rule=draw(st.sampled_from(["RHT", "LHT"])),
        elevation_profile=draw(cubics(number)),
        superelevation_profile=draw(cubics(st.floats(-0.3, 0.3))),
        lane_offset_profile=draw(cubics(coefficient)),
        shape=draw(st.sampled_from([None, np.array([[0.0, -5, 0.1, 0.2, 0, 0], [0.0, 0, 0.2, 0, 0, 0.01]])])),
        types=(RoadType(0.0, "town", 13.9, "DE"), RoadType(half, "motorway", np.inf), RoadType(half, "rural")),
        signals=(
            Signal(f"{road_id}1", 1.0, draw(number), 2.0, "274", "30", draw(words), value=30.0, unit="km/h"),
            Signal(
                f"{road_id}2", 2.0, -4.0, dynamic=True, orientation="+", validity=(LaneValidity(-2, -1),),
                stands=draw(st.sampled_from([None, SignalPosition("7", (1.0, 2.0, 3.0), 0.1), IN_THE_WORLD])),
                dependencies=((f"{road_id}1", "limits"),), references=(("signal", f"{road_id}1", "x"),),
            ),
        ),
        signal_references=(SignalReference("x1", 1.0, 2.0, "-"),),
        objects=(
            RoadObject(f"{road_id}3", 1.0, 2.0, 0.1, "crosswalk", outlines=(outline,), orientation="none", **details),
            RoadObject(f"{road_id}4", 0.0, 9.0, type="pole", radius=0.1, height=5.0, name=draw(words)),
            RoadObject(
                f"{road_id}5", 0.0, 5.0, type="barrier", width=0.3, height=0.8,
                repeats=(Repeat(0.0, 9.0, 0.0, (5.0, 6.0), (0.0, 0.1), (0.3, 0.3), (0.8, 0.9)),),
            ),
            RoadObject(f"{road_id}6", 0.0, 5.0, type="parkingSpace", parking_access="all", length=5.0, width=2.0),
        ),
        object_references=(ObjectReference("73", 1.0, 2.0, 0.5, 3.0, "+", (LaneValidity(-1, -1),)),),
        switches=(Switch("s", "points", "dynamic", (road_id, 1.0, "+"), ("x", 2.0, "-"), ("t", "other")),),
        structures=(
            Structure("tunnel", "t", 1.0, 2.0, "standard", "x", 0.5, 0.9),
            Structure("bridge", "b", 0.0, 1.0, "steel"),
        ),
    )  # fmt: skip


@st.composite
def networks(draw: st.DrawFn) -> RoadNetwork:
    found = {name: draw(roads(name)) for name in ("7", "x")}
    links = ((-1, -1), (-2, 1))
    return RoadNetwork(
        found,
        {"j": Junction("j", draw(words), "default", (Connection("0", "7", "x", "end", links),), ("c",), (("7", "x"),))},
        {"c": Controller("c", draw(words), 2, (("71", "0"),))},
        stations={"t": Station("t", "Mitte", "small", (Platform("p", "1", (("7", 0.0, 1.0, "left"),)),))},
        name=draw(words),
        geo_reference=draw(st.sampled_from(["", "+proj=utm +zone=32 <&>"])),
        offset=draw(st.sampled_from([(0.0, 0.0, 0.0, 0.0), (1e5, 2.5, 3.0, 0.1)])),
    )


def same(a: object, b: object, where: str = "") -> None:
    """Equal records, field by field; arrays bit by bit."""
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, err_msg=where)
    elif isinstance(a, tuple | list):
        assert isinstance(b, tuple | list)
        assert len(a) == len(b), where
        for k, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{where}[{k}]")
    elif isinstance(a, dict):
        assert isinstance(b, dict)
        assert list(a) == list(b), where
        for key in a:
            same(a[key], b[key], f"{where}.{key}")
    elif hasattr(a, "__dataclass_fields__"):
        for field in fields(a):  # type: ignore[arg-type]
            if field.name not in ("warnings", "revision", "source"):  # of reading
                same(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    else:
        assert a == b, where


@given(networks())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_network_reads_back_exactly(tmp_path_factory: pytest.TempPathFactory, network: RoadNetwork) -> None:
    path = tmp_path_factory.mktemp("any") / "network.xodr"
    write_opendrive(network, path)
    same(read_opendrive(path), network)


@needs_material
@pytest.mark.parametrize("name", MAPS, ids=lambda name: name.rpartition("/")[2])
def test_public_maps_read_back_exactly(name: str, tmp_path: Path) -> None:
    network = read_opendrive(MATERIAL / "openx" / f"{name}.xodr")
    write_opendrive(network, tmp_path / "copy.xodr")
    again = read_opendrive(tmp_path / "copy.xodr")
    for road in network.roads.values():
        copy = again.roads[road.id]
        same([road.sections, road.geometry, road.signals], [copy.sections, copy.geometry, copy.signals])
        s = np.linspace(0.0, road.length, 5)
        np.testing.assert_array_equal(road.point(s, 1.0), copy.point(s, 1.0))
    for key in network.lanes():
        assert network.next_lanes(key) == again.next_lanes(key)


def test_nothing_half_written_stays_behind(tmp_path: Path) -> None:
    network = procedural.straight()
    with pytest.raises(OutputError, match="cannot be written"):
        write_opendrive(network, tmp_path / "missing" / "network.xodr")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_opendrive(network, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    write_opendrive(network, tmp_path / "network.xodr")
    before = (tmp_path / "network.xodr").read_bytes()
    write_opendrive(network, tmp_path / "network.xodr")
    assert (tmp_path / "network.xodr").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2
