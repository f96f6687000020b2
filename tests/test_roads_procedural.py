"""Procedural networks: lanes that meet exactly, real sizes, reproducible, valid OpenDRIVE that reads back as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from material import MATERIAL, needs_material

from simulator.errors import InputError
from simulator.roads import LaneKey, RoadNetwork, procedural, read_opendrive, write_opendrive
from simulator.roads.lane_frame import lane_frame
from simulator.roads.street import Street

MAKERS: dict[str, Callable[[], RoadNetwork]] = {
    "straight": procedural.straight,
    "street": lambda: procedural.straight(sidewalks=True),
    "four lanes": lambda: procedural.straight(lanes=2),
    "curve": procedural.curve,
    "right curve": lambda: procedural.curve(80.0, -120.0, clothoid_m=30.0),
    "hill": procedural.hill,
    "dip": lambda: procedural.hill(300.0, -6.0),
    "village lane": procedural.village_lane,
    "gravel lane": lambda: procedural.village_lane(unpaved=True),
    "t junction": procedural.t_junction,
    "skew t junction": lambda: procedural.t_junction(angle_deg=55.0),
    "x junction": procedural.x_junction,
    "skew x junction": lambda: procedural.x_junction(angle_deg=65.0, traffic_lights=False),
    "country crossing": lambda: procedural.x_junction(street=Street(3.0, 0.0, speed_kmh=70.0), traffic_lights=False),
    "motorway": procedural.motorway,
    "short motorway": lambda: procedural.motorway(600.0),
    "straight motorway": lambda: procedural.motorway(500.0, ramp=False, curve_radius_m=0.0),
    "highway": lambda: procedural.motorway(3000.0, lanes=5, ramp=False, curve_radius_m=2000.0),
    "merge": procedural.merge,
    "short merge": lambda: procedural.merge(400.0, lanes=3, acceleration_m=80.0, ramp_m=150.0, ramp_kmh=40.0),
    "roundabout": procedural.roundabout,
    "rural roundabout": lambda: procedural.roundabout(3, sidewalks=False, speed_kmh=80.0, seed=3),
    "wide roundabout": lambda: procedural.roundabout(5, lanes=2, seed=1),
    "parking lot": procedural.parking_lot,
    "small parking lot": lambda: procedural.parking_lot(1, bays=3, angle_deg=45.0),
    "large parking lot": lambda: procedural.parking_lot(7, bays=10, angle_deg=60.0),
    "town": procedural.town,
    "long town": lambda: procedural.town(4, 1, 120.0, seed=9),
}
NETWORKS = {name: make() for name, make in MAKERS.items()}
ALL_LANES = {"driving", "sidewalk", "curb", "exit", "entry", "onRamp", "offRamp", "stop"}


def end_of(network: RoadNetwork, key: LaneKey, last: bool) -> tuple[np.ndarray, float, float]:
    """Position, heading and width at the first or last point of a lane in the direction of traffic."""
    road = network.roads[key.road]
    section = road.sections[key.section]
    s = section.s1 if road.drives_forward(key.lane) == last else section.s0
    frame = lane_frame(road, key.lane, np.array([s]), np.array([key.section]), exact=True)
    return np.array([frame.x[0], frame.y[0], frame.z[0]]), float(frame.heading[0]), float(frame.width[0])


@pytest.mark.parametrize("name", MAKERS)
def test_linked_lanes_meet_exactly(name: str) -> None:
    network = NETWORKS[name]
    for key in network.lanes(ALL_LANES):
        for after in network.next_lanes(key):
            (p, heading, width), (q, onward, other) = end_of(network, key, True), end_of(network, after, False)
            assert np.linalg.norm(p - q) < 1e-9
            assert abs((heading - onward + np.pi) % (2 * np.pi) - np.pi) < (1e-9 if width > 0.0 else 0.1)
            assert width == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("name", MAKERS)
def test_the_surface_never_folds_over(name: str) -> None:
    for road in NETWORKS[name].roads.values():
        for index, section in enumerate(road.sections):
            s = np.linspace(section.s0, section.s1, 80)
            stretch = 1 - road.reference(s)[3] * road.boundaries(index, s)
            assert stretch.min() > 0.05, road.id


@pytest.mark.parametrize("name", MAKERS)
def test_same_arguments_same_network(name: str, tmp_path: Path) -> None:
    for copy in ("a", "b"):
        write_opendrive(MAKERS[name](), tmp_path / copy)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", MAKERS)
def test_written_networks_read_back_as_they_were(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]
    write_opendrive(network, tmp_path / "network.xodr")
    again = read_opendrive(tmp_path / "network.xodr")
    assert again.warnings == []
    assert list(again.roads) == list(network.roads)
    assert again.junctions == network.junctions
    assert again.junction_groups == network.junction_groups
    assert again.controllers == network.controllers
    for road in network.roads.values():
        copy = again.roads[road.id]
        assert copy.signals == road.signals
        assert [x.id for x in copy.objects] == [x.id for x in road.objects]
        s = np.linspace(0.0, road.length, 9)
        for lane_id in {lane.id for section in road.sections for lane in section.lanes}:
            ours, theirs = network.lane_frame(road.id, lane_id, s), again.lane_frame(road.id, lane_id, s)
            np.testing.assert_allclose(ours, theirs, atol=1e-9, rtol=0.0)
        for before, after in zip(road.sections, copy.sections):
            assert [lane.marks for lane in before.lanes] == [lane.marks for lane in after.lanes]
    for key in network.lanes(ALL_LANES):
        assert again.next_lanes(key) == network.next_lanes(key)


@needs_material
@pytest.mark.parametrize("name", MAKERS)
def test_written_networks_are_valid_opendrive(name: str, tmp_path: Path) -> None:
    from lxml import etree

    schema = MATERIAL / "schemas/qc_opendrive/schema/1.7.0/opendrive_17_core.xsd"
    write_opendrive(NETWORKS[name], tmp_path / "network.xodr")
    etree.XMLSchema(etree.parse(schema)).assertValid(etree.parse(tmp_path / "network.xodr"))


def test_another_seed_is_another_town() -> None:
    bounds = {tuple(np.round(procedural.town(2, 2, seed=seed).bounds.ravel(), 3)) for seed in range(4)}
    assert len(bounds) == 4


@pytest.mark.parametrize("seed", range(6))
def test_towns_of_any_seed_are_sound(seed: int) -> None:
    network = procedural.town(3, 2, 80.0, seed=seed)
    assert all(network.next_lanes(key) and network.previous_lanes(key) for key in network.lanes())
    for key in network.lanes():
        for after in network.next_lanes(key):
            assert np.linalg.norm(end_of(network, key, True)[0] - end_of(network, after, False)[0]) < 1e-9
    for road in network.roads.values():
        s = np.linspace(0.0, road.length, 50)
        assert (1 - road.reference(s)[3] * road.boundaries(0, s)).min() > 0.05


def test_a_town_has_what_a_town_needs() -> None:
    network = NETWORKS["town"]
    lanes = [lane.type for road in network.roads.values() for section in road.sections for lane in section.lanes]
    assert {"driving", "sidewalk", "curb", "parking"} <= set(lanes)
    kinds = {item.type for road in network.roads.values() for item in road.objects}
    assert {"crosswalk", "roadMark"} <= kinds
    signals = [signal for road in network.roads.values() for signal in road.signals]
    assert {"1000001", "205", "301", "274"} <= {signal.type for signal in signals}
    assert len({signal.id for signal in signals}) == len(signals)
    lights = {signal.id for signal in signals if signal.dynamic}
    assert lights == {name for controller in network.controllers.values() for name, _ in controller.controls}
    assert {len({c.incoming_road for c in junction.connections}) for junction in network.junctions.values()} == {3, 4}
    for road in network.roads.values():
        for signal in road.signals:  # beside the carriageway, not on it
            found = network.locate(road.point([signal.s], [signal.t])[:, :2])
            assert found.lane[0] in [
                x.id for x in network.roads[list(network.roads)[found.road[0]]].sections[0].lanes if x.type != "driving"
            ]


def test_real_sizes() -> None:
    motorway = NETWORKS["motorway"].roads["0"]
    widths = [lane.widths[0, 1] for lane in motorway.sections[0].lanes if lane.id < 0 and lane.type == "driving"]
    assert widths == [3.5, 3.75, 3.75]
    marks = [lane.marks[0] for lane in motorway.sections[0].lanes if lane.id in (-3, -5)]
    assert (marks[0].lines[0].length, marks[0].lines[0].space, marks[0].width) == (6.0, 12.0, 0.15)
    assert (marks[1].type, marks[1].width) == ("solid", 0.30)
    assert any(item.type == "barrier" and item.t == 0.0 for item in motorway.objects)
    rural = NETWORKS["straight"].roads["0"].sections[0]
    assert rural.lane(-1).widths[0, 1] == 3.5
    assert rural.lane(0).marks[0].lines[0].length == 4.0
    assert NETWORKS["street"].roads["0"].sections[0].lane(-3).heights[0, 1] == pytest.approx(0.12)


def test_curves_have_their_radius_and_bank_inwards() -> None:
    road = NETWORKS["right curve"].roads["0"]
    s = np.linspace(0, road.length, 500)
    curvature = road.reference(s)[3]
    assert curvature.min() == pytest.approx(-1 / 80)
    assert np.abs(np.diff(curvature)).max() < 0.002  # clothoids: no jump of the steering wheel
    roll = road.superelevation(s)[0]
    assert roll.max() == pytest.approx(np.arctan(0.04))
    assert (roll[curvature < -0.012] > 0.03).all()  # left side up in a right-hand bend


def test_hills_rise_smoothly() -> None:
    road = NETWORKS["hill"].roads["0"]
    z, grade = road.elevation(np.linspace(0, road.length, 1001))
    assert z.max() == pytest.approx(12.0, abs=1e-3)
    assert np.abs(np.diff(grade)).max() < 0.002
    assert np.abs(grade).max() < 0.15


@pytest.mark.parametrize(
    "make",
    [
        lambda: procedural.straight(-1.0),
        lambda: procedural.straight(float("nan")),
        lambda: procedural.curve(100.0, 0.0),
        lambda: procedural.x_junction(5.0),
        lambda: procedural.x_junction(angle_deg=20.0),
        lambda: procedural.t_junction(angle_deg=170.0),
        lambda: procedural.motorway(100.0),
        lambda: procedural.motorway(curve_radius_m=50.0),
        lambda: procedural.motorway(lanes=7),
        lambda: procedural.merge(300.0),
        lambda: procedural.merge(acceleration_m=5.0),
        lambda: procedural.merge(ramp_m=10.0),
        lambda: procedural.merge(ramp_kmh=120.0),
        lambda: procedural.roundabout(6),
        lambda: procedural.roundabout(lanes=3),
        lambda: procedural.roundabout(radius_m=100.0),
        lambda: procedural.roundabout(5, radius_m=14.0),
        lambda: procedural.roundabout(arm_m=40.0),
        lambda: procedural.roundabout(3, angles_deg=[0.0, 20.0, 200.0]),
        lambda: procedural.roundabout(4, angles_deg=[0.0, 90.0, 180.0]),
        lambda: procedural.parking_lot(0),
        lambda: procedural.parking_lot(bays=1),
        lambda: procedural.parking_lot(angle_deg=30.0),
        lambda: procedural.parking_lot(speed_kmh=100.0),
        lambda: procedural.town(0, 3),
        lambda: procedural.town(block_m=10.0),
        lambda: procedural.village_lane(width_m=0.0),
    ],
)
def test_impossible_sizes_are_refused_in_one_line(make: Callable[[], RoadNetwork]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert "\n" not in str(caught.value)
