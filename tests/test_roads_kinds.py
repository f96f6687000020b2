"""Roundabouts, merges, motorways and parking lots: sizes of the guidelines, ways through them, room for everything."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from material import MATERIAL, needs_material

from simulator.numerics.se3 import wrap_angle
from simulator.roads import (
    DRIVABLE,
    LaneKey,
    RoadNetwork,
    approach_controls,
    parking_bays,
    procedural,
    read_opendrive,
)
from simulator.roads.lane_frame import lane_frame

ROUNDABOUTS = {
    "3 arms": procedural.roundabout(3),
    "4 arms": procedural.roundabout(4, seed=5),
    "5 arms": procedural.roundabout(5),
    "country": procedural.roundabout(4, sidewalks=False, speed_kmh=80.0),
    "two lanes": procedural.roundabout(4, lanes=2),
    "two lanes, 5 arms": procedural.roundabout(5, lanes=2, seed=2),
    "uneven": procedural.roundabout(3, angles_deg=[10.0, 110.0, 250.0]),
}
LOTS = {
    "usual": procedural.parking_lot(),
    "angled": procedural.parking_lot(5, bays=8, angle_deg=60.0),
    "one row": procedural.parking_lot(1, bays=3, angle_deg=45.0),
}


def area_of(network: RoadNetwork, key: LaneKey) -> shapely.Polygon:
    road, section = network.roads[key.road], network.roads[key.road].sections[key.section]
    s = np.linspace(section.s0, section.s1, max(int(section.length / 0.5), 2) + 1)
    inner, outer, _, _ = road.lane_edges(np.full(len(s), key.section), key.lane, s)
    return shapely.Polygon(np.concatenate([road.point(s, inner)[:, :2], road.point(s, outer)[::-1, :2]]))


@pytest.mark.parametrize("network", [*ROUNDABOUTS.values(), *LOTS.values(), procedural.merge()])
def test_lanes_overlap_in_junctions_only(network: RoadNetwork) -> None:
    keys = network.lanes(DRIVABLE)
    areas = [area_of(network, key) for key in keys]
    for i, k in shapely.STRtree(areas).query(areas, predicate="intersects").T.tolist():
        junctions = [network.roads[keys[n].road].junction for n in (i, k)]
        if i < k and (not junctions[0] or junctions[0] != junctions[1]):
            assert shapely.intersection(areas[i], areas[k]).area < 0.02, (keys[i], keys[k])


# ---- roundabouts


@pytest.mark.parametrize("network", ROUNDABOUTS.values(), ids=ROUNDABOUTS)
def test_every_exit_of_a_roundabout_is_reached_from_every_entry(network: RoadNetwork) -> None:
    arms = len(network.junctions)
    lanes = [key for key in network.lanes() if key.road in {f"1{k}" for k in range(arms)}]
    for start in lanes:
        for goal in range(arms):
            inner = LaneKey(f"2{goal}", 0, -1)
            route = network.route(start, inner)
            assert route is not None
    ends = {key.road[0] for key in network.lanes() if not network.next_lanes(key)}
    assert ends == {"2"}, "only exits end"
    assert {key.road[0] for key in network.lanes() if not network.previous_lanes(key)} == {"1"}


@pytest.mark.parametrize("network", ROUNDABOUTS.values(), ids=ROUNDABOUTS)
def test_traffic_goes_round_counter_clockwise(network: RoadNetwork) -> None:
    around = [road for road in network.roads.values() if road.id[0] in "34"]
    turned = sum(float(wrap_angle(r.reference([r.length])[2][0] - r.reference([0.0])[2][0])) for r in around)
    assert turned == pytest.approx(2.0 * np.pi)


@pytest.mark.parametrize("network", ROUNDABOUTS.values(), ids=ROUNDABOUTS)
def test_sizes_of_roundabouts_are_those_of_the_guidelines(network: RoadNetwork) -> None:
    """NCHRP 672: inscribed circle, width of the ring and of entries; kerb radii down to those of the FGSV Merkblatt."""
    lanes = sum(key.road == "10" for key in network.lanes())
    road = network.roads["30"]
    ring = sum(float(lane_frame(road, -k - 1, [0.0]).width[0]) for k in range(lanes))
    circle = 2.0 * np.hypot(*road.point([0.0], [-ring])[0, :2])
    entry = network.roads["10"]
    width = sum(lane_frame(entry, -k - 1, [entry.length]).width[0] for k in range(lanes))
    limits = {1: ((27.0, 55.0), (4.8, 6.1), (4.2, 5.5)), 2: ((46.0, 91.0), (8.5, 9.8), (7.3, 9.1))}[lanes]
    for value, (low, high) in zip((circle, ring, width), limits):
        assert low <= value <= high
    assert 1.0 <= ring / width <= 1.2, "the ring is as wide as the widest entry, up to 1.2 times"
    bend = -1.0 / network.roads["50"].reference([1.0])[3][0]
    assert 8.0 <= bend - width <= 30.0
    assert bend == pytest.approx(-1.0 / network.roads["60"].reference([1.0])[3][0])


@pytest.mark.parametrize("network", ROUNDABOUTS.values(), ids=ROUNDABOUTS)
def test_the_ring_has_priority_and_entries_yield_at_its_edge(network: RoadNetwork) -> None:
    signs = {signal.id: signal.type for road in network.roads.values() for signal in road.signals}
    assert sum(kind == "205" for kind in signs.values()) == len(network.junctions)
    assert len(set(signs)) == sum(len(road.signals) for road in network.roads.values())
    ring = network.roads["30"]
    edge = float(ring.lane_edges(np.array([0]), -sum(key.road == "30" for key in network.lanes()), np.zeros(1))[1][0])
    radius = np.hypot(*ring.point([0.0], [edge])[0, :2])
    for way in approach_controls(network):
        enters = way.incoming.road.startswith("1")
        assert way.control == ("yield" if enters else "none")
        assert way.gives_way_to == (frozenset({f"4{way.incoming.road[1]}"}) if enters else frozenset())
        if enters:
            assert signs[way.signal] == "205"
            entry = network.roads[way.incoming.road]
            assert entry.length - way.stop_s == pytest.approx(0.5)  # depth of the line
            x, y, _, _ = entry.reference([entry.length])
            assert 0.0 < np.hypot(x[0], y[0]) - radius < 1.0
    group = next(iter(network.junction_groups.values()))
    assert group.type == "roundabout" and set(group.junctions) == set(network.junctions)


@pytest.mark.parametrize("network", ROUNDABOUTS.values(), ids=ROUNDABOUTS)
def test_islands_and_crossings_leave_the_lanes_free(network: RoadNetwork) -> None:
    lanes = shapely.union_all([area_of(network, key) for key in network.lanes()])
    urban = any(lane.type == "sidewalk" for lane in network.roads["10"].sections[0].lanes)
    for arm in range(len(network.junctions)):
        road = network.roads[f"1{arm}"]
        islands = [thing for thing in road.objects if thing.type == "trafficIsland"]
        assert len(islands) == (2 if urban else 1)
        crossings = [thing for thing in road.objects if thing.type == "crosswalk"]
        assert len(crossings) == int(urban)
        for thing in islands:
            x, y, heading, _ = road.reference([thing.s])
            turn = np.array([[np.cos(heading[0]), np.sin(heading[0])], [-np.sin(heading[0]), np.cos(heading[0])]])
            shape = shapely.Polygon(thing.outlines[0].corners[:, :2] @ turn + [x[0], y[0]])
            assert shape.is_valid and shape.area > 4.0
            assert shape.distance(lanes) == pytest.approx(0.4, abs=0.1)
            for crossing in crossings:
                corners = crossing.outlines[0].corners
                walk = shapely.Polygon(road.point(corners[:, 0], corners[:, 1])[:, :2])
                assert 0.2 < shape.distance(walk) < 0.6, "people cross on the level"
        if urban:  # one car fits between the crossing and the yield line
            assert road.length - crossings[0].outlines[0].corners[:, 0].max() > 4.5


# ---- motorways


def test_the_acceleration_lane_has_its_length_and_ends() -> None:
    network = procedural.merge(1500.0, lanes=3, acceleration_m=250.0, ramp_m=300.0, ramp_kmh=60.0)
    road = network.roads["0"]
    outermost = max(lane.id for lane in road.sections[1].lanes if lane.type in DRIVABLE)
    key = LaneKey("0", 1, outermost)
    assert road.sections[1].lane(outermost).type == "entry"
    assert network.next_lanes(key) == []
    assert network.lane_neighbours(key) == (LaneKey("0", 1, outermost - 1), None)
    s = np.linspace(road.sections[1].s0, road.sections[1].s1, 1000)
    width = network.lane_frame("0", outermost, s)[6]
    assert np.ptp(s[width > 3.499]) == pytest.approx(250.0, abs=1.0)
    ramp = LaneKey("3", 0, 1)
    assert network.route(ramp, LaneKey("0", 0, outermost - 1)) is not None
    path = network.path(ramp, network.roads["3"].length, 900.0, lambda ways: ways[0])
    assert path.keys[-1] == key and path.dead_end
    # AASHTO: 60 km/h with a bank of 6 percent and side friction 0.17 needs 123 m.
    assert 1.0 / np.abs(path.curvature).max() == pytest.approx(123.0, rel=0.05)


@pytest.mark.parametrize("lanes", [2, 3, 4, 5, 6])
def test_a_highway_of_any_number_of_lanes(lanes: int) -> None:
    network = procedural.motorway(5000.0, lanes=lanes, ramp=False, curve_radius_m=3000.0, speed_kmh=120.0)
    forward = [key for key in network.lanes() if network.roads[key.road].drives_forward(key.lane)]
    assert len(forward) == lanes and len(network.lanes()) == 2 * lanes
    assert network.lane_length(forward[0]) == pytest.approx(5000.0)
    widths = [float(network.lane_frame("0", key.lane, [100.0])[6][0]) for key in forward]
    assert widths == [3.5] * (lanes - 2) + [3.75, 3.75]


# ---- parking lots


@pytest.mark.parametrize("network", LOTS.values(), ids=LOTS)
def test_every_bay_is_reached_from_the_street_and_left_again(network: RoadNetwork) -> None:
    bays = parking_bays(network)
    into = [LaneKey("0", 0, -1), LaneKey("2", 0, 1)]
    out_of = [LaneKey("0", 0, 1), LaneKey("2", 0, -1)]
    lanes = {key for near in bays.lanes for key in near[:1]}
    assert len(bays) > 0 and all(len(near) == 2 for near in bays.lanes)
    for key in lanes:
        assert all(network.route(start, key) is not None for start in into)
        assert all(network.route(key, goal) is not None for goal in out_of)


@pytest.mark.parametrize("network", LOTS.values(), ids=LOTS)
def test_bays_have_their_size_and_touch_neither_each_other_nor_a_lane(network: RoadNetwork) -> None:
    bays = parking_bays(network)
    assert np.ptp(bays.length) < 1e-9 and bays.length[0] == pytest.approx(5.0)
    assert np.ptp(bays.width) < 1e-9 and bays.width[0] == pytest.approx(2.5)
    along = np.stack([np.cos(bays.heading), np.sin(bays.heading)], axis=1)[:, None] * 2.5
    across = np.stack([-np.sin(bays.heading), np.cos(bays.heading)], axis=1)[:, None] * 1.25
    middle = bays.position[:, None, :2]
    rings = np.concatenate([middle + along + across, middle - along + across, middle - along - across], axis=1)
    shapes = shapely.polygons(np.concatenate([rings, middle + along - across], axis=1))
    assert shapely.union_all(shapes).area == pytest.approx(12.5 * len(bays), rel=1e-6)
    lanes = shapely.union_all([area_of(network, key) for key in network.lanes()])
    assert shapely.intersection(lanes, shapely.union_all(shapes)).area < 1e-6
    assert np.allclose(shapely.distance(lanes, shapes), 0.0, atol=1e-6), "a corner touches the aisle"
    for k, near in enumerate(bays.lanes):
        s = bays.s[k : k + 1]
        lane = lane_frame(network.roads[near[0].road], near[0].lane, s)
        turn = float(wrap_angle(bays.heading[k] - lane.heading[0]))
        assert -np.pi / 2 - 1e-9 <= turn <= -np.pi / 4 + 1e-9, "entered forwards by a right turn from the nearer lane"


@needs_material
def test_repeated_bays_with_corners_on_the_road_move_along() -> None:
    """19 bays of 5 m by 2.5 m across the road and 4 along it, as esmini shows the map."""
    network = read_opendrive(MATERIAL / "openx/esmini/resources/xodr/parking_demo.xodr")
    bays = parking_bays(network)
    road = network.roads["1"]
    for name, s, t in (("6", 91.25 + 2.5 * np.arange(19), 5.75), ("8", 172.5 + 5.0 * np.arange(4), 4.5)):
        mine = np.array([each == name for each in bays.ids])
        np.testing.assert_allclose(bays.s[mine], s, atol=1e-6)
        np.testing.assert_allclose(bays.position[mine], road.point(s, t), atol=0.08)  # mean of corners, in a bend
    straight = [name == "6" for name in bays.ids].index(True)
    assert (bays.length[straight], bays.width[straight]) == pytest.approx((5.0, 2.5))
